package main

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

func TestCrowd(t *testing.T) {
	srv := &airsocket.Server{}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.Subscribe("all")
		s.OnMessage(func(e *airsocket.MessageEvent) { srv.Publish("all", e.Kind(), e.Clone()) })
	})
	var out strings.Builder
	if err := run(wstest.Serve(t, srv), 20, &out); err != nil || strings.Count(out.String(), " has left: 1000\n") != 20 {
		t.Errorf("the crowd has printed %q, the error is %v", out.String(), err)
	}
}
