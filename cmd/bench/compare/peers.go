//go:build linux

package main

import "slices"

// A peer is a program that is measured.
type peer struct {
	name    string
	program string   // file in bin; if empty, the name
	bin     string   // folder of the program; if empty, bin of this module
	args    []string // in addition to those of all peers
	module  string   // the report gives its version
	kind    kind
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

var peers = []peer{
	{name: "airsocket", module: ownModule},
	{name: "airsocketdefault", program: "airsocket", args: []string{"-default"}, module: ownModule},
	{name: "airsockethttp", program: "airsocket", args: []string{"-http"}, module: ownModule},
	{name: "raw", kind: limit},
	{name: "rawepoll", kind: limit},
	{name: "gws", kind: goServer, module: "github.com/lxzan/gws"},
	{name: "gobwaslow", kind: goServer, module: "github.com/gobwas/ws"},
	{name: "gobwas", kind: goServer, module: "github.com/gobwas/ws"},
	{name: "gorilla", kind: goServer, module: "github.com/gorilla/websocket"},
	{name: "coder", kind: goServer, module: "github.com/coder/websocket"},
	{name: "fasthttp", kind: goServer, module: "github.com/fasthttp/websocket"},
	{name: "nbio", kind: goServer, module: "github.com/lesismal/nbio"},
	{name: "greatws", kind: goServer, module: "github.com/antlabs/greatws"},
	{name: "xnet", kind: goServer, module: "golang.org/x/net"},
	{name: "nodews", kind: otherServer},
	{name: "lws", kind: otherServer},
	{name: "airsocketclient", kind: clientRole, module: ownModule},
	{name: "airsocketclientdefault", program: "airsocketclient", args: []string{"-default"}, kind: clientRole, module: ownModule},
	{name: "gwsclient", kind: clientRole, module: "github.com/lxzan/gws"},
	{name: "gorillaclient", kind: clientRole, module: "github.com/gorilla/websocket"},
	{name: "rawclient", kind: clientLimit},
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

// servers returns all servers except those with the names in but.
func servers(but ...string) (all []peer) {
	for _, p := range peers {
		if !p.client() && !slices.Contains(but, p.name) {
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
