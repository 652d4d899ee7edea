//go:build linux

package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// A peer is a program that is measured.
type peer struct {
	name    string
	program string   // file in bin; if empty, the name
	bin     string   // folder of the program; if empty, bin of this module
	runtime string   // command, or file below servers, that runs servers/NAME/server.js instead of a program
	npm     string   // package from npm that this needs
	args    []string // in addition to those of all peers
	module  string   // the report gives its version
	kind    kind
	idle    bool // only for connections that do nothing
}

type kind int

const (
	ownServer kind = iota // uses this library
	goServer
	limit       // no WebSocket: bare TCP
	otherServer // not in Go, and without a control port
	clientRole
	clientLimit
)

// raw reports whether p uses bare TCP.
func (p peer) raw() bool { return p.kind == limit || p.kind == clientLimit }

func (p peer) client() bool { return p.kind == clientRole || p.kind == clientLimit }

const ownModule = "github.com/airsocket/airsocket"

// bun is below servers.
const bun = "node_modules/@oven/bun-linux-x64/bin/bun"

var peers = []peer{
	{name: "airsocket", module: ownModule},
	{name: "airsocketdefault", program: "airsocket", args: []string{"-default"}, module: ownModule},
	{name: "airsockethttp", program: "airsocket", args: []string{"-http"}, module: ownModule},
	{name: "raw", kind: limit},
	{name: "rawepoll", kind: limit},
	{name: "rawheld", program: "raw", args: []string{"-held"}, kind: limit, idle: true},
	{name: "gws", kind: goServer, module: "github.com/lxzan/gws"},
	{name: "gobwaslow", kind: goServer, module: "github.com/gobwas/ws"},
	{name: "gobwas", kind: goServer, module: "github.com/gobwas/ws"},
	{name: "gorilla", kind: goServer, module: "github.com/gorilla/websocket"},
	{name: "coder", kind: goServer, module: "github.com/coder/websocket"},
	{name: "fasthttp", kind: goServer, module: "github.com/fasthttp/websocket"},
	{name: "nbio", kind: goServer, module: "github.com/lesismal/nbio"},
	{name: "greatws", kind: goServer, module: "github.com/antlabs/greatws"},
	{name: "xnet", kind: goServer, module: "golang.org/x/net"},
	{name: "nodews", runtime: "node", npm: "ws", kind: otherServer},
	{name: "uwebsockets", runtime: bun, npm: "@oven/bun-linux-x64", kind: otherServer},
	{name: "lws", kind: otherServer},
	{name: "lwsuv", kind: otherServer},
	{name: "airsocketclient", kind: clientRole, module: ownModule},
	{name: "airsocketclientdefault", program: "airsocketclient", args: []string{"-default"}, kind: clientRole, module: ownModule},
	{name: "gwsclient", kind: clientRole, module: "github.com/lxzan/gws"},
	{name: "gorillaclient", kind: clientRole, module: "github.com/gorilla/websocket"},
	{name: "rawclient", kind: clientLimit},
}

// line returns the command line of p, without the arguments.
func (p peer) line() []string {
	if p.runtime != "" {
		runtime := p.runtime
		if filepath.Base(runtime) != runtime {
			runtime = filepath.Join(*dir, "servers", runtime)
		}
		return []string{runtime, filepath.Join(*dir, "servers", p.name, "server.js")}
	}
	program, bin := p.program, p.bin
	if program == "" {
		program = p.name
	}
	if bin == "" {
		bin = filepath.Join(*dir, "bin")
	}
	return []string{filepath.Join(bin, program)}
}

// missing returns an error that names what p needs and this machine lacks.
func (p peer) missing() error {
	if p.npm != "" {
		if _, err := os.Stat(filepath.Join(*dir, "servers", "node_modules", p.npm)); err != nil {
			return fmt.Errorf("build.sh has not installed npm's %s: %w", p.npm, err)
		}
	}
	if _, err := exec.LookPath(p.line()[0]); err != nil {
		return fmt.Errorf("build.sh has not built it, or its runtime is missing: %w", err)
	}
	return nil
}

// leaveOut removes the peers from the scenarios that are not wanted or cannot
// run here. It says which of those that are wanted cannot run.
func leaveOut(chosen []cell) {
	why := map[string]error{}
	for i, c := range chosen {
		chosen[i].peers = slices.DeleteFunc(slices.Clone(c.peers), func(p peer) bool {
			if !wanted(p) {
				return true
			}
			err, known := why[p.name]
			if !known {
				if err = p.missing(); err != nil {
					log.Printf("left out %s: %v", p.name, err)
				}
				why[p.name] = err
			}
			return err != nil
		})
	}
}

// named returns the peers with these names, in the order of peers.
func named(names ...string) (all []peer) {
	for _, p := range peers {
		if slices.Contains(names, p.name) {
			all = append(all, p)
		}
	}
	return all
}

// servers returns all servers that can do everything, except those with the
// names in but.
func servers(but ...string) (all []peer) {
	for _, p := range peers {
		if !p.client() && !p.idle && !slices.Contains(but, p.name) {
			all = append(all, p)
		}
	}
	return all
}

func clients() (all []peer) {
	for _, p := range peers {
		if p.client() {
			all = append(all, p)
		}
	}
	return all
}
