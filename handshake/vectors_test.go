package handshake_test

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// vector is the opening handshake of a recorded connection.
type vector struct {
	name     string // draft/name
	source   string // the side that is a historic implementation
	pair     bool   // both sides are historic implementations
	request  []byte
	response []byte
}

func vectors(tb testing.TB) []vector {
	tb.Helper()
	paths, err := filepath.Glob("../internal/test/recorded/testdata/vectors/*/*.json")
	if err != nil || len(paths) < 100 {
		tb.Fatalf("%d vectors, %v", len(paths), err)
	}
	var all []vector
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		var file struct {
			Peer string   `json:"peer"`
			Role string   `json:"role_of_source"`
			C2S  []string `json:"c2s_hex"`
			S2C  []string `json:"s2c_hex"`
		}
		if err := json.Unmarshal(text, &file); err != nil {
			tb.Fatal(path, err)
		}
		v := vector{
			name:   filepath.Base(filepath.Dir(path)) + "/" + strings.TrimSuffix(filepath.Base(path), ".json"),
			source: file.Role,
			pair:   file.Peer != "",
		}
		v.request, v.response = first(tb, file.C2S), first(tb, file.S2C)
		if strings.HasSuffix(v.name, "/spec-frames") || strings.HasSuffix(v.name, "/spec-permessage-deflate") {
			continue // no handshake
		}
		all = append(all, v)
	}
	return all
}

func first(tb testing.TB, chunks []string) []byte {
	if len(chunks) == 0 {
		return nil
	}
	b, err := hex.DecodeString(chunks[0])
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

var versionOfDraft = map[string]wire.Version{"hixie-75": wire.Hixie75, "hixie-76": wire.Hixie76,
	"hybi-06": wire.Hybi06, "hybi-07": wire.Hybi07, "hybi-08": wire.Hybi08, "rfc6455": wire.Hybi13}

func (v vector) version() wire.Version { return versionOfDraft[filepath.Dir(v.name)] }

// cuts returns ways to cut n bytes into pieces: the sizes of the pieces.
func cuts(n int) map[string][]int {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	c := map[string][]int{"whole": {n}, "bytes": slices.Repeat([]int{1}, n)}
	for _, name := range []string{"random 1", "random 2", "random 3"} {
		for left := n; left > 0; {
			piece := 1 + random.IntN(left)
			c[name] = append(c[name], piece)
			left -= piece
		}
	}
	return c
}

// feed feeds data in pieces of the given sizes, each from a buffer that is
// overwritten afterwards, and returns a copy of the bytes of data that were not
// consumed.
func feed(feed func([]byte) ([]byte, bool, error), data []byte, sizes []int) (rest []byte, done bool, err error) {
	for len(sizes) > 0 {
		p := slices.Clone(data[:sizes[0]])
		data, sizes = data[sizes[0]:], sizes[1:]
		rest, done, err = feed(p)
		rest = slices.Clone(rest)
		for i := range p {
			p[i] = '#'
		}
		if done || err != nil {
			return append(rest, data...), done, err
		}
	}
	return nil, done, err
}

// clientFor returns a Client that sends the request that s has read.
func clientFor(s *handshake.Server) *handshake.Client {
	r := s.Request()
	return &handshake.Client{Version: r.Version, Host: r.Host, Target: r.Target, Origin: r.Origin,
		Protocols: r.Protocols, Offers: r.Extensions}
}

// A Server accepts every recorded request, however it is cut, and returns the bytes
// that follow it. Peculiarities that are accepted on purpose have separate tests.
func TestServerTakesRecordedRequests(t *testing.T) {
	for _, v := range vectors(t) {
		if v.version() == 0 {
			continue
		}
		for name, sizes := range cuts(len(v.request) + 3) {
			var s handshake.Server
			rest, done, err := feed(s.Feed, append(slices.Clone(v.request), "\x00a\xFF"...), sizes)
			if !done || err != nil || string(rest) != "\x00a\xFF" {
				t.Errorf("%s, %s: rest %q, done %v, error %v", v.name, name, rest, done, err)
				continue
			}
			if s.Request().Version != v.version() {
				t.Errorf("%s, %s: version %v", v.name, name, s.Request().Version)
			}
		}
	}
}

// tolerated lists the recorded responses that differ from the response of a Server
// to the same request, with the difference, and why a Client accepts it.
var tolerated = map[string]string{
	"hixie-75/web-socket-ruby": "another reason phrase and websocket in lower case: only browsers of the time compare them",

	"hixie-76/faye-websocket-0.1.2":  "the reason phrase of hixie-75",
	"hixie-76/ws-0.4.32":             "another reason phrase and order of fields",
	"hixie-76/ws-1.1.5":              "another reason phrase and order of fields",
	"hixie-76/em-websocket-0.5.1":    "another order of fields",
	"hixie-76/pywebsocket-2011-05":   "another order of fields",
	"hixie-76/web-socket-ruby":       "another reason phrase and websocket in lower case",
	"hixie-76/web-socket-ruby-close": "another reason phrase and websocket in lower case",

	"hixie-75/node-websocket-server-1.1.4":                 "names the subprotocol * without being asked: drafts 75 and 76 let a client ignore it",
	"hixie-75/pair-go-net-websocket-node-websocket-server": "names the subprotocol * without being asked",
	"hixie-76/node-websocket-server-1.1.4":                 "names the subprotocol * without being asked",
	"hixie-76/node-websocket-server-1.1.4-close":           "names the subprotocol * without being asked",

	"hybi-06/websocket-node-draft-06": "says the origin back: nobody needs it",
	"hybi-07/websocket-node-draft-07": "says the origin back",
	"hybi-08/websocket-1.0.35":        "says the origin back",
	"rfc6455/websocket-1.0.35":        "says the origin back",
}

// A Client accepts every recorded response. The response is the same as a Server's,
// unless it is in tolerated.
func TestClientTakesRecordedAnswers(t *testing.T) {
	for _, v := range vectors(t) {
		if v.version() == 0 || v.name == "hixie-76/spec-key-computation" {
			continue
		}
		for name, sizes := range cuts(len(v.response) + 2) {
			var s handshake.Server
			if _, _, err := s.Feed(v.request); err != nil {
				t.Fatal(v.name, err)
			}
			c := clientFor(&s)
			request, err := c.AppendRecorded(nil, &s)
			if err != nil {
				t.Fatal(v.name, err)
			}
			rest, done, err := feed(c.Feed, append(slices.Clone(v.response), "\x81\x00"...), sizes)
			if !done || err != nil || string(rest) != "\x81\x00" {
				t.Errorf("%s, %s: rest %q, done %v, error %v", v.name, name, rest, done, err)
				continue
			}
			if name == "whole" {
				compare(t, v, c, &s, request)
			}
		}
	}
}

// compare compares the recording with the response of a Server, except for tolerated
// differences, and with the request of a Client unless a historic client sent it.
func compare(t *testing.T, v vector, c *handshake.Client, s *handshake.Server, request []byte) {
	r := c.Result()
	answer, err := s.AppendAccept(nil, handshake.Accept{Protocol: r.Protocol, Extensions: r.Extensions})
	if err != nil {
		t.Errorf("%s: %v", v.name, err)
	}
	// libwebsockets sends WebSocket in all versions; clients ignore the case.
	recorded := string(v.response)
	if strings.Contains(v.name, "libwebsockets") && v.version() > wire.Hixie76 {
		recorded = strings.Replace(recorded, "Upgrade: WebSocket", "Upgrade: websocket", 1)
	}
	if _, ok := tolerated[v.name]; ok == (string(answer) == recorded) {
		t.Errorf("%s: tolerated %v, but the server of the recording says\n%q\nand ours\n%q", v.name, ok, v.response, answer)
	}
	if v.source == "server" && !v.pair && string(request) != string(v.request) {
		t.Errorf("%s: the request in the recording is\n%q\nand ours\n%q", v.name, v.request, request)
	}
	if strings.Contains(v.name, "/spec-") && string(request) != string(v.request) {
		t.Errorf("%s: the specification has\n%q\nand we send\n%q", v.name, v.request, request)
	}
}

// The second key example of draft 76, section 1.3, consists of a request and the
// proof only, without the head of a response.
func TestHixie76KeyExample(t *testing.T) {
	i := slices.IndexFunc(vectors(t), func(v vector) bool { return v.name == "hixie-76/spec-key-computation" })
	v := vectors(t)[i]
	var s handshake.Server
	if _, done, err := s.Feed(v.request); !done || err != nil {
		t.Fatal(done, err)
	}
	answer, err := s.AppendAccept(nil, handshake.Accept{})
	if err != nil || !strings.HasSuffix(string(answer), "\r\n\r\nfQJ,fN/4F4!~K~MH") || string(v.response) != "fQJ,fN/4F4!~K~MH" {
		t.Errorf("%q, %v", answer, err)
	}
}

// The recorded servers refused these requests: version 99, which nobody supports, and
// version 7, which a Server supports, but the recorded ones did not.
func TestRecordedRefusals(t *testing.T) {
	want := map[string]struct {
		status int
		body   string
	}{
		"em-websocket-0.5.1-v99":        {}, // closed without a word
		"libwebsockets-v8tag-v99":       {},
		"faye-websocket-0.11.4-v99":     {400, "Unsupported WebSocket version: 99"},
		"go-net-websocket-ee2e27e1-v99": {400, "missing or bad WebSocket Version"},
		"pywebsocket-2011-05-v7":        {404, "<head>\n<title>Error response</title>"},
		"pywebsocket-2013-03-v99":       {400, ""},
		"websocket-1.0.35-v99":          {426, ""},
		"websocket-node-draft-06-v7":    {400, ""},
		"ws-1.1.5-v99":                  {400, ""},
	}
	n := 0
	for _, v := range vectors(t) {
		name, ok := strings.CutPrefix(v.name, "version-negotiation/")
		if !ok {
			continue
		}
		n++
		var s handshake.Server
		_, done, err := s.Feed(v.request)
		if strings.HasSuffix(name, "-v99") {
			e, ok := errors.AsType[*handshake.Error](err)
			if !ok || !errors.Is(err, handshake.ErrVersion) || e.Status != 426 ||
				e.Header.Get("Sec-WebSocket-Version") != "13, 8, 7, 6" {
				t.Errorf("%s: %+v", name, err)
			}
		} else if !done || s.Request().Version != wire.Hybi07 {
			t.Errorf("%s: %v, %v", name, done, err)
		}

		c := handshake.Client{Host: "127.0.0.1", Target: "/echo"}
		if _, err := c.AppendRequest(nil); err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Feed(v.response)
		if err == nil {
			err = c.FeedEOF()
		}
		e, ok := errors.AsType[*handshake.Error](err)
		if !ok || e.Status != want[name].status || !strings.HasPrefix(string(e.Body), want[name].body) ||
			errors.Is(err, handshake.ErrStatus) != (want[name].status != 0) {
			t.Errorf("%s: %+v", name, err)
		}
	}
	if n != len(want) {
		t.Errorf("%d of %d files", n, len(want))
	}
}
