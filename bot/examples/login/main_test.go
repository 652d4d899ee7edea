package main

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

func TestLogin(t *testing.T) {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			switch e.Text() {
			case "login bot secret":
				s.Send("welcome")
				s.Send("ask who")
			case "answer WHO":
				s.Close(1000, "thanks")
			default:
				s.Close(4000, "unexpected: "+e.Text())
			}
		})
	})
	var out strings.Builder
	if err := run(wstest.Serve(t, srv), &out); err != nil || out.String() != "closed 1000 thanks\n" {
		t.Errorf("the bot has printed %q, the error is %v", out.String(), err)
	}
}

func TestLoginFails(t *testing.T) {
	var out strings.Builder
	if err := run("ws://127.0.0.1:1/", &out); err == nil {
		t.Error("there is no error")
	}
}
