package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestMain is the program itself when it is started as a node.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-node") {
		main()
		return
	}
	os.Exit(m.Run())
}

// startChat runs the program until the end of the test, and returns the URLs of its nodes.
func startChat(t *testing.T, args ...string) (urls []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-port", "0"}, args...), nil, w)
		w.CloseWithError(io.EOF)
		done <- err
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for lines := bufio.NewScanner(r); len(urls) < len(names) && lines.Scan(); {
		name, url, _ := strings.Cut(lines.Text(), ": ")
		if want := "node " + names[len(urls)]; name != want || !strings.HasPrefix(url, "http://127.0.0.1:") {
			t.Fatalf("the program has printed %q", lines.Text())
		}
		urls = append(urls, url)
	}
	if len(urls) != len(names) {
		t.Fatalf("there are only the nodes %v", urls)
	}
	go io.Copy(io.Discard, r)
	return urls
}

// A guest is a client of a node.
type guest struct{ *wstest.RawPeer }

// enter connects to a node, and checks which it is.
func enter(t *testing.T, url, name string) guest {
	t.Helper()
	g := guest{wstest.ConnectRaw(t, url)}
	if m := g.read(); m != (message{Node: name}) {
		t.Fatalf("the node says %+v, want the name %q", m, name)
	}
	return g
}

func (g guest) read() (m message) {
	g.T.Helper()
	first, payload, err := g.ReadFrame()
	if err == nil {
		err = json.Unmarshal([]byte(payload), &m)
	}
	if err != nil || first != wstest.OpText {
		g.T.Fatalf("frame %#x %q: %v", first, payload, err)
	}
	return m
}

func (g guest) say(name, text string) {
	g.T.Helper()
	b, err := json.Marshal(message{Name: name, Text: text})
	if err != nil {
		g.T.Fatal(err)
	}
	g.Send(wstest.OpText, string(b))
}

// TestChat checks that what is said on one node is seen on all three.
func TestChat(t *testing.T) {
	var guests []guest
	for i, url := range startChat(t) {
		guests = append(guests, enter(t, url, names[i]))
	}
	for i, from := range guests {
		from.say(" ann ", "hello <b>")
		for _, g := range guests {
			if got, want := g.read(), (message{Node: names[i], Name: "ann", Text: "hello <b>"}); got != want {
				t.Errorf("%+v has come, want %+v", got, want)
			}
		}
	}
}

// TestRefused checks what a node says to messages that it does not publish.
func TestRefused(t *testing.T) {
	g := enter(t, startChat(t)[0], "a")
	for _, m := range []message{
		{Name: "", Text: "x"},
		{Name: "  ", Text: "x"},
		{Name: strings.Repeat("x", maxName+1), Text: "x"},
		{Name: "ann", Text: ""},
		{Name: "ann", Text: strings.Repeat("ü", maxText+1)},
	} {
		g.say(m.Name, m.Text)
		if got := g.read(); got.Error == "" || got.Text != "" {
			t.Errorf("%+v is answered with %+v", m, got)
		}
	}
	g.Send(wstest.OpText, "{")
	g.WantClose(1008)
}

// TestWithoutNATS checks that each node goes on for itself when NATS is gone, and says so.
func TestWithoutNATS(t *testing.T) {
	s, err := natsserver.Start(0)
	if err != nil {
		t.Fatal(err)
	}
	g := enter(t, startChat(t, "-nats", s.ClientURL())[0], "a")
	s.Shutdown()
	s.WaitForShutdown()
	for {
		g.say("ann", "hello")
		if m := g.read(); m.Text != "hello" {
			t.Fatalf("%+v has come", m)
		}
		g.say("", "") // is refused, after what is said of the first
		m := g.read()
		if strings.Contains(m.Error, "only node a") {
			return
		}
	}
}

// TestPage checks that a node serves the page with its parts.
func TestPage(t *testing.T) {
	url := startChat(t)[0]
	for name, typ := range map[string]string{"": "text/html", "chat.js": "text/javascript", "chat.css": "text/css"} {
		res, err := http.Get(url + name)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(got, typ) {
			t.Errorf("%q: status %d, type %q", name, res.StatusCode, got)
		}
	}
}
