//go:build linux

package main

import "slices"

// A peer is a program that is measured.
type peer struct {
	name    string
	program string   // in bin; the name if empty
	bin     string   // another folder than this module's bin
	args    []string // beside those that all have
	module  string   // whose version the report says
	kind    kind
}

type kind int

const (
	ownServer kind = iota // this library's
	goServer
	limit       // no WebSocket: bare TCP
	otherServer // not in Go, and without a control port
	clientRole
	clientLimit
)

// raw reports whether p speaks no protocol.
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

// named is the peers with these names, in their order.
func named(names ...string) (all []peer) {
	for _, p := range peers {
		if slices.Contains(names, p.name) {
			all = append(all, p)
		}
	}
	return all
}

// servers is all servers but those named.
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
