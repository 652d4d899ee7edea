//go:build !js

package main

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

// The page gets its program, and the server echoes. TestInteropExampleBrowser uses the page.
func TestServe(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	for path, want := range map[string]string{"/": "<!doctype html>", "/wasm_exec.js": "// Copyright", "/client.wasm": "\x00asm"} {
		res, err := http.Get("http://" + addr + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != 200 || !bytes.HasPrefix(body, []byte(want)) {
			t.Errorf("%s: %d %v %.40q", path, res.StatusCode, err, body)
		}
		if n := len(body); n > 9_000_000 { // as with TLS, or the server of net/http
			t.Errorf("the program has %d bytes: what has become part of it?", n)
		}
	}
	p := stage.Connect(t, nil, "ws://"+addr+"/")
	p.Want("open ")
	p.Send("hello")
	p.Want("text hello")
	p.SendBytes([]byte{1})
	p.Want("binary 01")
}
