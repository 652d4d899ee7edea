package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
)

// script writes a script to a file, and returns its name.
func script(t *testing.T, name, source string) string {
	t.Helper()
	name = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(name, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// mainWith runs the program, and returns what it has printed in the order of the lines.
func mainWith(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Main(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func sorted(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestRun(t *testing.T) {
	code, stdout, stderr := mainWith(t, "run", script(t, "a.js", `console.log(bot.number, bot.args.join()); console.error("e")`), "x", "-y")
	if code != exitOK || stdout != "1 x,-y\n" || stderr != "e\n" {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
}

func TestTypeScript(t *testing.T) {
	code, stdout, stderr := mainWith(t, "run", script(t, "a.ts", `const n: number = await Promise.resolve(4); console.log(n)`))
	if code != exitOK || stdout != "4\n" {
		t.Errorf("code %d, %q, %q", code, stdout, stderr)
	}
}

func TestExitCodes(t *testing.T) {
	for source, want := range map[string]int{
		``:                               exitOK,
		`bot.exit(0)`:                    exitOK,
		`bot.exit(9); console.log("no")`: 9,
		`throw 1`:                        exitError,
		`bot.exit(256)`:                  exitError,
		`bot.exit(-1)`:                   255,
		`Promise.reject(1)`:              exitError,
		`setTimeout(() => { throw 1 }); setTimeout(() => bot.exit(0), 1)`: exitOK,
		`let = = `: exitError,
	} {
		if code, stdout, _ := mainWith(t, "run", script(t, "a.js", source)); code != want || stdout != "" {
			t.Errorf("%s: exit code %d instead of %d, %q", source, code, want, stdout)
		}
	}
	file := script(t, "a.js", "")
	for _, args := range [][]string{{}, {"walk"}, {"run"}, {"run", "-n", "0", file}, {"run", "-n", "1000001", file}, {"run", "-ramp", "-1s", file}, {"run", "-what", file}} {
		if code, _, stderr := mainWith(t, args...); code != exitUsage || stderr == "" {
			t.Errorf("%q: exit code %d, %q", args, code, stderr)
		}
	}
	if code, _, stderr := mainWith(t, "run", filepath.Join(t.TempDir(), "none.js")); code != exitError || !strings.Contains(stderr, "none.js") {
		t.Errorf("no file: exit code %d, %q", code, stderr)
	}
}

// TestCrowd checks -n: each bot has its number, and its lines begin with it.
func TestCrowd(t *testing.T) {
	code, stdout, _ := mainWith(t, "run", "-n", "3", script(t, "a.js", `console.log("I am\n" + bot.number); if (bot.number == 2) bot.exit(5)`))
	want := "[1] 1\n[1] I am\n[2] 2\n[2] I am\n[3] 3\n[3] I am"
	if code != 5 || sorted(stdout) != want {
		t.Errorf("code %d, %q", code, stdout)
	}
}

// TestRamp checks that -ramp starts the bots one after the other.
func TestRamp(t *testing.T) {
	file := script(t, "a.js", `console.log(bot.number, performance.now() < 1)`)
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		if code, stdout, _ := mainWith(t, "run", "-n", "4", "-ramp", "10s", file); code != exitOK || strings.Count(stdout, "true") != 4 {
			t.Errorf("code %d, %q", code, stdout)
		}
		if took := time.Since(began); took != 7500*time.Millisecond {
			t.Errorf("the last bot was started after %v", took)
		}
	})
}

func TestURL(t *testing.T) {
	_, stdout, _ := mainWith(t, "run", "-url", "https://example.com:8443/a/b", script(t, "a.js", `console.log(location.href, location.origin)`))
	if stdout != "https://example.com:8443/a/b https://example.com:8443\n" {
		t.Errorf("%q", stdout)
	}
}

// TestCompress checks that bots offer compression unless -compress is false.
func TestCompress(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) { s.Send(s.HTTPRequest().Header.Get("Sec-WebSocket-Extensions")) })
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Close()
	file := script(t, "a.js", `const ws = new WebSocket(bot.args[0]); ws.onmessage = e => { console.log(e.data); ws.close() }`)
	for flag, want := range map[string]string{"-compress": "permessage-deflate; client_max_window_bits\n", "-compress=false": "\n"} {
		if _, stdout, stderr := mainWith(t, "run", flag, file, "ws://"+l.Addr().String()+"/"); stdout != want {
			t.Errorf("%s: %q, %q", flag, stdout, stderr)
		}
	}
}

// TestInterrupt checks that the program ends when it is interrupted, whatever its scripts do.
func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	file := script(t, "a.js", `if (bot.number == 1) for (;;); console.log("go"); setInterval(() => {}, 1000)`)
	code := Main(ctx, []string{"run", "-n", "2", file}, writer(cancel), io.Discard)
	if code != exitStop {
		t.Errorf("exit code %d", code)
	}
}

// A writer calls itself when something is written.
type writer func()

func (w writer) Write(p []byte) (int, error) {
	w()
	return len(p), nil
}
