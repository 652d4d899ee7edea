package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

// serve serves an issuer of the tokens t1, t2 and so on, which fails for the second and
// has at most limit, and sockets. It refuses the tokens in refused, and otherwise says
// hello and closes with the status codes in codes, one after another.
func serve(t *testing.T, limit int, refused string, codes ...airsocket.StatusCode) (args []string) {
	var issued atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		switch n := int(issued.Add(1)); {
		case n == 2:
			w.WriteHeader(http.StatusInternalServerError)
		case n > limit:
			w.WriteHeader(http.StatusForbidden)
		default:
			fmt.Fprint(w, "t", n)
		}
	})
	srv := &airsocket.Server{Handler: mux}
	srv.OnRequest(func(r *airsocket.Request) {
		token := r.Header.Get("Authorization")
		if token == "Bearer "+refused {
			r.Reject(http.StatusUnauthorized, "")
			return
		}
		s, err := r.Accept("")
		if err != nil {
			t.Error(err)
			return
		}
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Send("hello, " + token)
			s.Close(codes[0], "bye")
			codes = codes[1:]
		})
	})
	url := stage.Listen(t, srv)
	return []string{"-url", url, "-tokens", strings.Replace(url, "ws:", "http:", 1) + "/token", "-token", refused, "-wait", "1us"}
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	for i, line := range want {
		if i >= len(got) || !strings.HasPrefix(got[i], line) {
			t.Fatalf("line %d of\n%s\ndoes not begin with %q", i+1, strings.Join(got, "\n"), line)
		}
	}
	if len(got) != len(want) {
		t.Errorf("there are more lines than %d:\n%s", len(want), strings.Join(got, "\n"))
	}
}

// TestClient checks that the client goes on with a new token after each end of a connection,
// and when it could not get one, until the server closes with 1000.
func TestClient(t *testing.T) {
	wantLines(t, stage.Play(t, run, serve(t, 9, "old", 1008, 1000)...),
		"error: ", "closed: 1006 ; connects again: true", // as the token is old
		"open", "received: hello, Bearer t1", "closed: 1008 bye; connects again: true",
		"error: airsocket: Reconnect.Renew: no token: 500", "closed: 1006 ; connects again: true",
		"open", "received: hello, Bearer t3", "closed: 1000 bye; connects again: false")
}

// TestLoggedOut checks that the client gives up when there are no more tokens for it, or
// when a new one is refused.
func TestLoggedOut(t *testing.T) {
	wantLines(t, stage.Play(t, run, serve(t, 0, "old")...),
		"error: ", "closed: 1006 ; connects again: true",
		"error: airsocket: Reconnect.Renew: ", "closed: 1006 ; connects again: false")
	wantLines(t, stage.Play(t, run, serve(t, 9, "t1", 1008)...),
		"error: ", "closed: 1006 ; connects again: true",
		"error: ", "closed: 1006 ; connects again: false")
}
