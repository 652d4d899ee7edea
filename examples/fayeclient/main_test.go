package main

import (
	"errors"
	"slices"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestConversation(t *testing.T) {
	var srv airsocket.Server
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			s.Send("you said " + e.Text())
			s.Close(1001, "Going away")
		})
	})
	url := stage.Listen(t, &srv)
	lines := stage.Play(t, run, "-url", url)
	want := []string{"Connecting to " + url, "open", "message you said Hello, WebSocket!", `close 1001 "Going away"`}
	if !slices.Equal(lines, want) {
		t.Errorf("printed %q, want %q", lines, want)
	}
}

func TestRefused(t *testing.T) {
	var srv airsocket.Server
	srv.OnRequest(func(r *airsocket.Request) { r.Reject(404, "nothing here") })
	url := stage.Listen(t, &srv)
	lines := stage.Play(t, run, "-url", url)
	if want := []string{"Connecting to " + url, `close 1006 ""`}; !slices.Equal(lines, want) {
		t.Errorf("printed %q, want %q", lines, want)
	}
}

func TestBadURL(t *testing.T) {
	if err := run([]string{"-url", "localhost:7000"}, t.Output()); !errors.Is(err, airsocket.ErrURL) {
		t.Errorf("error %v", err)
	}
}
