package main

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestConversation(t *testing.T) {
	srv := &airsocket.Server{Options: &airsocket.Options{Protocols: []string{"my-chat-protocol"}, Origins: []string{"*"}}}
	var got []string
	srv.OnConnect(func(s *airsocket.Socket) {
		got = append(got, s.Request().Target, s.Request().Origin, s.Protocol())
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = append(got, e.Text())
			if e.Binary() {
				s.Send("thanks")
				s.SendBytes(make([]byte, 300))
				s.Close(1000, "")
			}
		})
	})
	url := stage.Listen(t, srv)
	lines := stage.Play(t, run, "-url", url+"/foo?bing=baz")
	if want := []string{"Connected", "Got message: thanks", "Got binary message of length 300", "Disconnected"}; !slices.Equal(lines, want) {
		t.Errorf("printed %q, want %q", lines, want)
	}
	if want := []string{"/foo?bing=baz", "*", "my-chat-protocol", "Hello World!\n", "\x00\x18Hello as Binary Message!"}; !slices.Equal(got, want) {
		t.Errorf("the server got %q, want %q", got, want)
	}
}

func TestConnectionFailure(t *testing.T) {
	srv := new(airsocket.Server) // does not accept the origin "*"
	lines := stage.Play(t, run, "-url", stage.Listen(t, srv))
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "Connection Failure: ") || lines[1] != "Disconnected" {
		t.Errorf("printed %q", lines)
	}
}

func TestBadURL(t *testing.T) {
	if err := run([]string{"-url", "ftp://localhost/"}, t.Output()); !errors.Is(err, airsocket.ErrURL) {
		t.Errorf("error %v", err)
	}
}
