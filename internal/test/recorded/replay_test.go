package recorded

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"testing"

	"github.com/airsocket/airsocket/wire"
)

// A deviation is something that a historic peer did against the rules.
type deviation struct {
	role   wire.Role // of the Socket
	names  string    // regular expression for the names of the recordings
	skip   []string  // steps to leave out
	reason string

	at   string // the step that breaks a rule, which ends the conversation
	rule *wire.ProtocolError
	code int // the code that the Socket sends then; older versions have fewer codes
}

const (
	binaryAsText = "the mirror sends binary messages back as text"
	zlibHeader   = "the stream begins with a zlib header, which deflate-stream does not have"
	wildCode     = "the status code of the close frame is uninitialized memory"
)

var deviations = []deviation{
	{wire.Client, zlibStreams, nil, zlibHeader, "s2c:1", wire.ErrStreamData, 1002},
	{wire.Server, zlibStreams, nil, zlibHeader, "c2s:1", wire.ErrStreamData, 1002},
	{wire.Client, `hybi-0[67]/libwebsockets.*-deflate-stream$`, nil, binaryAsText, "s2c:3", wire.ErrInvalidUTF8, 1003},
	{wire.Client, `hybi-08/libwebsockets.*-deflate-stream$`, nil, binaryAsText, "s2c:3", wire.ErrInvalidUTF8, 1007},
	{wire.Client, `(hybi-0.|rfc6455)/libwebsockets-(0.5|27a0b913|support-protocol-v7|v8tag)$`, []string{"c2s:3", "s2c:3"}, binaryAsText, "", nil, 0},
	{wire.Client, `(hybi-08|rfc6455)/go-net-websocket`, []string{"c2s:3", "s2c:3"}, binaryAsText, "", nil, 0},
	{wire.Server, `rfc6455/libwebsockets-v8tag-client-mirror`, nil, wildCode, "c2s:2", wire.ErrCloseCode, 1002},
}

// deviation returns the first deviation of r, or a zero deviation if there is
// none.
func (r *Recording) deviation(role wire.Role) deviation {
	for _, d := range deviations {
		if d.role == role && regexp.MustCompile(d.names).MatchString(r.Name) {
			return d
		}
	}
	return deviation{}
}

// A manner is a way in which the recorded bytes reach the Socket.
type manner struct {
	name  string
	parts bool // with Options.FrameEvents
	tcp   bool
	cut   func(p []byte) int // the length of the next piece
}

var random = rand.New(rand.NewPCG(6, 455))

var manners = []manner{
	{"whole", false, true, func(p []byte) int { return len(p) }},
	{"byte by byte", false, false, func([]byte) int { return 1 }},
	{"at random cuts", false, false, func(p []byte) int { return 1 + random.IntN(len(p)) }},
	{"in parts", true, true, func(p []byte) int { return len(p) }},
	{"in parts at random cuts", true, false, func(p []byte) int { return 1 + random.IntN(len(p)) }},
}

// Every recorded conversation is repeated with a Socket in place of the harness,
// or in place of each peer in turn if both were real programs. The events of the
// Socket are those of the recording, and it sends the recorded bytes, except for
// keys, which it makes itself.
func TestRecordedConversations(t *testing.T) {
	for _, pattern := range []string{"hixie-7[56]/*", "hybi-0[678]/*", "rfc6455/*"} {
		for _, r := range Read(t, pattern) {
			if r.Order == nil {
				continue // the examples of the specifications have their own test
			}
			for _, role := range []wire.Role{wire.Server, wire.Client} {
				if r.Peer == "" && (r.Source == "client") != (role == wire.Server) {
					continue
				}
				for _, m := range manners {
					t.Run(fmt.Sprintf("%s/%s %s", r.Name, role, m.name), func(t *testing.T) {
						newConversation(t, r, role, m).have()
					})
				}
			}
		}
	}
}
