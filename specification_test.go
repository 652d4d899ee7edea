package airsocket_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/wstest"
	"github.com/airsocket/airsocket/wire"
)

// The examples of the specifications, in both roles: what they show is sent, and
// is understood.
func TestSpecificationExamples(t *testing.T) {
	frames := make(map[wire.Version]*recording)
	for _, r := range readRecordings(t, "*/spec-frames") {
		frames[r.version] = r
	}
	for _, r := range readRecordings(t, "*/spec-handshake") {
		for _, role := range []wire.Role{wire.Server, wire.Client} {
			for _, m := range manners {
				t.Run(fmt.Sprintf("%s/%s %s", r.version, role, m.name), func(t *testing.T) {
					c := newConversation(t, r, role, m)
					c.open()
					if examples := frames[r.version]; examples != nil {
						c.exchangeExamples(examples)
					} else if r.version >= wire.Hybi06 {
						t.Error("the specification has frames too")
					}
					c.end(false)
					c.finish()
				})
			}
		}
	}
}

// exchangeExamples sends what our role has in the examples and hears the rest.
func (c *conversation) exchangeExamples(r *recording) {
	hello := func(kind wire.Kind) recordedFrame {
		data := []byte("Hello")
		return recordedFrame{kind: kind, first: true, final: true, data: data, size: len(data), sum: sumOf(data), key: [4]byte{0x37, 0xfa, 0x21, 0x3d}}
	}
	bytes256 := hello(wire.Binary)
	bytes256.data = make([]byte, 256)
	for i := range bytes256.data {
		bytes256.data[i] = byte(i)
	}
	bytes256.size, bytes256.sum = 256, sumOf(bytes256.data)
	half := func(s string, first bool) recordedFrame {
		return recordedFrame{kind: wire.Text, first: first, final: !first, data: []byte(s), size: len(s), sum: sumOf([]byte(s))}
	}
	c.ours, c.theirs = r.sides[c.our], r.sides[c.their]

	fromServer := [][]recordedFrame{{hello(wire.Text)}, {half("Hel", true), half("lo", false)}, {hello(wire.Ping)}, {bytes256}}
	fromClient := [][]recordedFrame{{hello(wire.Text)}, {hello(wire.Pong)}}
	if r.version == wire.Hybi06 {
		fromServer = slices.Insert(fromServer, 3, []recordedFrame{hello(wire.Pong)})
		fromClient = fromClient[:1]
	}
	r.sides["s2c"].frames, r.sides["c2s"].frames = fromServer, fromClient
	for step := range c.theirs.frames {
		c.hear(step)
	}
	c.answered, c.recorded = nil, nil
	for step := range c.ours.frames {
		c.say(step)
		c.recorded = nil
	}
}

// A second example of the keys of draft 76 (section 1.3) has no answer but the
// proof.
func TestSpecificationKeys(t *testing.T) {
	r := readRecordings(t, "hixie-76/spec-key-computation")[0]
	wstest.StartServer(t, func(o *airsocket.Options) { o.Versions = wire.AllVersions() }, nil, func(p *wstest.RawPeer) {
		p.WriteRaw(r.sides["c2s"].wire[0])
		wstest.ReadHead(t, p.Reader)
		proof := make([]byte, 16)
		if _, err := io.ReadFull(p.Reader, proof); err != nil || !bytes.Equal(proof, r.sides["s2c"].wire[0]) {
			t.Errorf("proof %q, %v", proof, err)
		}
		p.Close()
	})
}

// What was refused in the recordings: version 99, which nobody speaks, and
// version 7, which its server did not speak but ours does. A refusal is reported
// with all that the server said.
func TestRecordedRefusals(t *testing.T) {
	for _, r := range readRecordings(t, "version-negotiation/*") {
		t.Run(r.name, func(t *testing.T) {
			wstest.StartServer(t, func(o *airsocket.Options) { o.Origins = []string{"*"} }, nil, func(p *wstest.RawPeer) {
				p.WriteRaw(r.sides["c2s"].wire[0])
				res := p.ReadResponse()
				want, versions := 426, "13, 8, 7, 6"
				if strings.HasSuffix(r.name, "-v7") {
					want, versions = 101, ""
				}
				if got := res.Header.Get("Sec-WebSocket-Version"); res.StatusCode != want || got != versions {
					t.Errorf("status %d, versions %q", res.StatusCode, got)
				}
				p.Close()
			})
			answer := bytes.Join(r.sides["s2c"].wire, nil)
			j := wstest.StartClient(t, nil, nil, func(p *wstest.RawPeer) {
				p.ReadRequest()
				p.WriteRaw(answer)
				p.Close()
			})
			j.Want(wstest.Refused...)
			if len(answer) == 0 {
				j.WantError(handshake.ErrUnexpected)
				return
			}
			j.WantError(handshake.ErrStatus)
			var status int
			fmt.Sscanf(string(answer), "HTTP/1.%d %d", new(int), &status)
			head, body, _ := strings.Cut(string(answer), "\r\n\r\n")
			_, versions, _ := strings.Cut(head, "Sec-WebSocket-Version: ")
			versions, _, _ = strings.Cut(versions, "\r\n")
			if j.Err.Status != status || j.Err.Header.Get("Sec-WebSocket-Version") != versions || string(j.Err.Body) != body {
				t.Errorf("status %d, header %v, body %q; the server said %q", j.Err.Status, j.Err.Header, j.Err.Body, answer)
			}
		})
	}
}

// crossDomainPolicy is what Flash reads of a policy.
type crossDomainPolicy struct {
	Allow []struct {
		Domain string `xml:"domain,attr"`
		Ports  string `xml:"to-ports,attr"`
	} `xml:"allow-access-from"`
}

func parsePolicy(t testing.TB, text []byte) (p crossDomainPolicy) {
	t.Helper()
	if err := xml.Unmarshal(text, &p); err != nil {
		t.Errorf("%q: %v", text, err)
	}
	return p
}

// The recorded policies, said by a Server of ours, mean the same. The NUL that
// Flash expects behind them is not in the recordings.
func TestRecordedPolicies(t *testing.T) {
	for _, r := range readRecordings(t, "flash-policy/*") {
		t.Run(r.name, func(t *testing.T) {
			recorded := parsePolicy(t, r.sides["s2c"].wire[0])
			policy := handshake.Policy{}
			for _, a := range recorded.Allow {
				policy.Domains, policy.Ports = append(policy.Domains, a.Domain), append(policy.Ports, a.Ports)
			}
			p := wstest.DialRaw(t, wstest.Serve(t, &airsocket.Server{Policy: &policy}))
			p.WriteRaw(r.sides["c2s"].wire[0])
			got, err := io.ReadAll(p.Reader)
			text, found := bytes.CutSuffix(got, []byte{0})
			if err != nil || !found {
				t.Fatalf("%q, %v", got, err)
			}
			if ours := parsePolicy(t, text); len(recorded.Allow) != 1 || !slices.Equal(ours.Allow, recorded.Allow) {
				t.Errorf("%q, recorded was %q", got, r.sides["s2c"].wire[0])
			}
		})
	}
}
