//go:build linux

package main

import (
	"bytes"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// in makes compare use an empty folder until the test ends.
func in(t *testing.T) string {
	was := *dir
	t.Cleanup(func() { *dir = was })
	*dir = t.TempDir()
	return *dir
}

func executable(t *testing.T, path ...string) {
	file := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsMissingIsLeftOut(t *testing.T) {
	folder := in(t)
	executable(t, folder, "bin", "gws")
	var said bytes.Buffer
	log.SetOutput(&said)
	defer log.SetOutput(os.Stderr)
	some := named("gws", "nodews", "uwebsockets", "lws", "lwsuv")
	chosen := []cell{{name: "a", peers: some}, {name: "b", peers: some}}
	leaveOut(chosen)
	for _, c := range chosen {
		if len(c.peers) != 1 || c.peers[0].name != "gws" {
			t.Errorf("%s: %v is left, want only gws", c.name, c.peers)
		}
	}
	for _, name := range []string{"nodews", "uwebsockets", "lws", "lwsuv"} {
		if n := strings.Count(said.String(), "left out "+name+":"); n != 1 {
			t.Errorf("it is said %d times that %s is left out:\n%s", n, name, &said)
		}
	}

	executable(t, folder, "servers", bun)
	chosen = []cell{{peers: some}}
	leaveOut(chosen)
	if !slices.ContainsFunc(chosen[0].peers, func(p peer) bool { return p.name == "uwebsockets" }) {
		t.Errorf("uwebsockets is left out although Bun is there:\n%s", &said)
	}
}

func TestPeersThatAreNotWanted(t *testing.T) {
	folder := in(t)
	executable(t, folder, "bin", "gws")
	executable(t, folder, "bin", "coder")
	*peerList = "coder"
	defer func() { *peerList = "" }()
	chosen := []cell{{peers: named("gws", "coder")}}
	leaveOut(chosen)
	if len(chosen[0].peers) != 1 || chosen[0].peers[0].name != "coder" {
		t.Errorf("%v is left, want only coder", chosen[0].peers)
	}
}

func TestCommand(t *testing.T) {
	folder := in(t)
	c := cell{server: []string{"-broadcast"}, procs: 8}
	cmd := command(c, named("airsocketdefault")[0], "1.2.3.4:5", "1.2.3.4:6")
	want := []string{filepath.Join(folder, "bin", "airsocket"), "-addr", "1.2.3.4:5", "-ctl", "1.2.3.4:6", "-default", "-broadcast"}
	if !slices.Equal(cmd.Args, want) {
		t.Errorf("the command is %q, want %q", cmd.Args, want)
	}
	if !slices.Contains(cmd.Env, "GOMAXPROCS=8") {
		t.Error("GOMAXPROCS is not set")
	}
	cmd = command(cell{}, named("uwebsockets")[0], "1.2.3.4:5", "")
	want = []string{filepath.Join(folder, "servers", bun), filepath.Join(folder, "servers", "uwebsockets", "server.js"), "-addr", "1.2.3.4:5"}
	if !slices.Equal(cmd.Args, want) {
		t.Errorf("the command is %q, want %q", cmd.Args, want)
	}
	if cmd.Env != nil {
		t.Error("the environment is not inherited")
	}
	if cmd := command(cell{}, named("nodews")[0], "", ""); cmd.Args[0] != "node" {
		t.Errorf("nodews is run by %q", cmd.Args[0])
	}
}

func TestIdlePeersAreInNoOtherScenario(t *testing.T) {
	for _, c := range cells() {
		for _, p := range c.peers {
			if p.idle && c.table != memory {
				t.Errorf("%s takes part in %s", p.name, c.name)
			}
		}
	}
}
