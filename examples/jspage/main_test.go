package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
	"github.com/airsocket/airsocket/wire"
)

func TestPage(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	res, err := http.Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), "new WebSocket(") {
		t.Errorf("%d %v %.80s", res.StatusCode, err, body)
	}
	for _, v := range wire.AllVersions() {
		p := stage.Connect(t, &airsocket.Options{Version: v, Origin: "http://" + addr}, "ws://"+addr+"/")
		p.Want("open ")
		p.Send("Hello")
		p.Want("text Hello")
		p.Close(0, "")
	}
}

func TestPolicy(t *testing.T) {
	addr, _ := stage.Serve(t, run, "-domains", "example.com,*.example.org")
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "<policy-file-request/>\x00")
	answer, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr)
	for _, want := range []string{`domain="example.com"`, `domain="*.example.org"`, `to-ports="` + port + `"`, "</cross-domain-policy>\x00"} {
		if !strings.Contains(string(answer), want) {
			t.Errorf("the policy has no %s: %q", want, answer)
		}
	}
}
