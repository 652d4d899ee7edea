package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestNumbers(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{Protocols: []string{"echo-protocol"}}}
	want := []string{"WebSocket Client Connected"}
	srv.OnConnect(func(s *airsocket.Socket) {
		n := 0
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if v, err := strconv.ParseUint(e.Text(), 10, 24); err != nil {
				t.Errorf("%d: %v", v, err)
			}
			want = append(want, "Received: '"+e.Text()+"'")
			s.Send(e.Text())
			if n++; n == 3 {
				s.Close(1000, "")
			}
		})
	})
	lines := stage.Play(t, run, "-every", "1ms", "-url", stage.Listen(t, srv))
	if want = append(want, "echo-protocol Connection Closed"); !slices.Equal(lines, want) {
		t.Errorf("printed %q, want %q", lines, want)
	}
}

func TestConnectError(t *testing.T) {
	srv := new(airsocket.Server)
	srv.OnRequest(func(r *airsocket.Request) { r.Reject(503, "later") })
	lines := stage.Play(t, run, "-url", stage.Listen(t, srv))
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "Connect Error: ") || lines[1] != "echo-protocol Connection Closed" {
		t.Errorf("printed %q", lines)
	}
}
