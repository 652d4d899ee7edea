package main

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

func TestStraight(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), wstest.ServeEcho(t, nil), &out); err != nil || out.String() != "login bot\nask how many\n" {
		t.Errorf("the bot has printed %q, the error is %v", out.String(), err)
	}
}

func TestStraightFails(t *testing.T) {
	if err := run(t.Context(), "ws://127.0.0.1:1/", new(strings.Builder)); err == nil {
		t.Error("there is no error")
	}
}
