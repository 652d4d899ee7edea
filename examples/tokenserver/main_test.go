package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/examples/internal/stage"
)

func newToken(t *testing.T, addr string) string {
	t.Helper()
	res, err := http.Post("http://"+addr+"/token", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatal(res.Status, err)
	}
	return string(b)
}

func with(token string) *airsocket.Options {
	return &airsocket.Options{Header: http.Header{"Authorization": {"Bearer " + token}}}
}

// TestTokens checks that only tokens that the server has issued are accepted.
func TestTokens(t *testing.T) {
	addr, _ := stage.Serve(t, run, "-life", "1h")
	token := newToken(t, addr)
	p := stage.Connect(t, with(token), "ws://"+addr+"/")
	p.Want("open ")
	if got := p.Next(); !strings.HasPrefix(got, "text welcome until ") {
		t.Error(got)
	}
	p.Close(1000, "")
	p.Want("close 1000 ")
	until, signature, _ := strings.Cut(token, ".")
	later := issuer("another key").issue(time.Now().Add(time.Hour))
	for _, bad := range []string{"", ".", until, "1" + token, until + "0." + signature, later} {
		stage.Connect(t, with(bad), "ws://"+addr+"/").Want("error 401")
	}
	stage.Connect(t, nil, "ws://"+addr+"/").Want("error 401")
}

// TestExpiry checks that a connection is closed when its token expires, and that the token
// is refused from then on.
func TestExpiry(t *testing.T) {
	addr, _ := stage.Serve(t, run, "-life", "100ms")
	token := newToken(t, addr)
	p := stage.Connect(t, with(token), "ws://"+addr+"/")
	for p.Next() == "error 401" { // it has taken longer to connect
		token = newToken(t, addr)
		p = stage.Connect(t, with(token), "ws://"+addr+"/")
	}
	p.Next() // welcome
	p.Want("close 1008 the token has expired")
	stage.Connect(t, with(token), "ws://"+addr+"/").Want("error 401")
}
