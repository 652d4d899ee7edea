package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/blocking"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// What a script returns goes to all, and what it does wrong to the one who has caused that.
func TestEmbed(t *testing.T) {
	f, err := newFilter("filter.js", []byte(`
		let count = 0;
		function onMessage(from, text) {
			switch (text) {
			case "deep": return onMessage(from, text);
			case "throw": throw new Error("oops");
			case "hostile": throw { toString() { throw this } };
			case "long": return "x".repeat(100_000);
			case "object": return { toString() { for (;;); } };
			case "nothing": return;
			}
			return ++count + " " + text.toLowerCase();
		}`), wstest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	url := wstest.Serve(t, newServer(f))
	var conns []*blocking.Conn
	for range 2 {
		c, err := blocking.Dial(t.Context(), url, nil)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close(1000, "") })
		conns = append(conns, c)
	}
	for _, text := range []string{"Hello", "deep", "throw", "hostile", "long", "object", "nothing", "BYE"} {
		if err := conns[0].Write(t.Context(), wire.Text, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	want(t, conns[0], "1 hello", "the script failed", "oops", "no text", "no text", "no text", "2 bye")
	want(t, conns[1], "1 hello", "2 bye")
}

// An endless loop is interrupted, and the script can be called again.
func TestLoop(t *testing.T) {
	f, err := newFilter("filter.js", []byte(`function onMessage(from, text) { while (text === "loop"); return text }`), wstest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	f.limit = time.Millisecond
	if _, err := f.apply("me", "loop"); !errors.Is(err, errSlow) {
		t.Errorf("the error of an endless loop is %v", err)
	}
	f.limit = wstest.Patience
	if text, err := f.apply("me", "hello"); err != nil || text != "hello" {
		t.Errorf("the next call returns %q, %v", text, err)
	}
}

func want(t *testing.T, c *blocking.Conn, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, data, err := c.Read(t.Context())
		if err != nil || !strings.Contains(string(data), text) {
			t.Errorf("received %q, %v, want %q", data, err, text)
		}
	}
}

func TestScriptsThatAreRefused(t *testing.T) {
	for source, want := range map[string]string{
		"function (":         "Expected identifier",
		"throw 'oops'":       "oops",
		"1":                  "no function onMessage",
		"var onMessage = 12": "no function onMessage",
		"Object.defineProperty(globalThis, 'onMessage', { get() { throw 'got' } })": "got",
	} {
		_, err := newFilter("filter.js", []byte(source), wstest.Patience)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error is %v, want %s", source, err, want)
		}
	}
	if _, err := newFilter("filter.js", []byte("for (;;);"), time.Millisecond); !errors.Is(err, errSlow) {
		t.Errorf("the error of an endless loop is %v", err)
	}
}
