package main

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/examples/internal/stage"
)

func TestChat(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	url := "ws://" + addr
	ann := stage.Connect(t, nil, url)
	ann.Want("open ")
	ann.Send("ann")
	ann.Want("text * ann has joined")
	ann.Send("hello?")
	ann.Want("text ann: hello?")

	bob := stage.Connect(t, nil, url)
	bob.Want("open ")
	bob.Send("ann")
	bob.Want("text * this name is taken")
	bob.Send("")
	bob.Want("text * a name has 1 to 20 bytes")
	bob.Send(strings.Repeat("b", maxName+1))
	bob.Want("text * a name has 1 to 20 bytes")
	bob.Send("bob")
	bob.Want("text * ann has joined", "text ann: hello?", "text * bob has joined")
	ann.Want("text * bob has joined") // and nothing that was sent only to bob

	ann.Close(1000, "")
	bob.Want("text * ann has left")
	bob.SendBytes([]byte("x"))
	bob.Want("close 1003 text only")
}

// All clients see the same lines in the same order, even if they send them at
// the same time. The race detector checks that handlers of different sockets do
// not run at the same time.
func TestEverybodyAtOnce(t *testing.T) {
	const clients, each = 8, 10
	addr, _ := stage.Serve(t, run)
	var peers []*stage.Peer
	for i := range clients {
		p := stage.Connect(t, nil, "ws://"+addr)
		p.Want("open ")
		p.Send(fmt.Sprint("client ", i))
		for p.Next() != fmt.Sprintf("text * client %d has joined", i) {
		}
		peers = append(peers, p)
	}
	done := make(chan bool)
	for i, p := range peers {
		go func() {
			defer func() { done <- true }()
			for n := range each {
				if err := p.Send(fmt.Sprint(n)); err != nil {
					t.Errorf("client %d: %v", i, err)
				}
			}
		}()
	}
	for range peers {
		<-done
	}
	var first []string
	for i, p := range peers {
		for range clients - 1 - i {
			p.Next() // a client that joined later
		}
		var lines []string
		for range clients * each {
			lines = append(lines, p.Next())
		}
		switch {
		case i == 0:
			first = lines
		case !slices.Equal(lines, first):
			t.Errorf("client %d has seen %q, and client 0 %q", i, lines, first)
		}
	}
	for i := range clients {
		for n := range each {
			if line := fmt.Sprintf("text client %d: %d", i, n); !slices.Contains(first, line) {
				t.Errorf("nobody has seen %q", line)
			}
		}
	}
}

func TestHistoryIsBounded(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	ann := stage.Connect(t, nil, "ws://"+addr)
	ann.Want("open ")
	ann.Send("ann")
	for range maxHistory {
		ann.Send("x")
	}
	ann.Send("last")
	for ann.Next() != "text ann: last" {
	}
	bob := stage.Connect(t, nil, "ws://"+addr)
	bob.Want("open ")
	bob.Send("bob")
	for range maxHistory - 1 {
		bob.Want("text ann: x")
	}
	bob.Want("text ann: last", "text * bob has joined")
}

func TestMessageTooLong(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	p := stage.Connect(t, nil, "ws://"+addr)
	p.Want("open ")
	p.Send(strings.Repeat("x", 4<<10+1))
	if got := p.Next(); !strings.HasPrefix(got, "close 1009 ") {
		t.Errorf("event %q", got)
	}
}

func TestPage(t *testing.T) {
	addr, _ := stage.Serve(t, run)
	res, err := http.Get("http://" + addr)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || !strings.Contains(string(body), "new WebSocket(") || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/html") {
		t.Errorf("%v %v %.80s", err, res.Header, body)
	}
}
