package recorded

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
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A Socket sends and understands the examples of the specifications, in both
// roles.
func TestSpecificationExamples(t *testing.T) {
	frames := make(map[wire.Version]*Recording)
	for _, r := range Read(t, "*/spec-frames") {
		frames[r.Version] = r
	}
	for _, r := range Read(t, "*/spec-handshake") {
		for _, role := range []wire.Role{wire.Server, wire.Client} {
			for _, m := range manners {
				t.Run(fmt.Sprintf("%s/%s %s", r.Version, role, m.name), func(t *testing.T) {
					c := newConversation(t, r, role, m)
					c.open()
					if examples := frames[r.Version]; examples != nil {
						c.exchangeExamples(examples)
					} else if r.Version >= wire.Hybi06 {
						t.Error("the specification has frames too")
					}
					c.end(false)
					c.finish()
				})
			}
		}
	}
}

// exchangeExamples receives the examples of the other role and then sends those
// of our role.
func (c *conversation) exchangeExamples(r *Recording) {
	hello := func(kind wire.Kind) frame {
		data := []byte("Hello")
		return frame{kind: kind, first: true, final: true, data: data, size: len(data), sum: sumOf(data), key: [4]byte{0x37, 0xfa, 0x21, 0x3d}}
	}
	bytes256 := hello(wire.Binary)
	bytes256.data = make([]byte, 256)
	for i := range bytes256.data {
		bytes256.data[i] = byte(i)
	}
	bytes256.size, bytes256.sum = 256, sumOf(bytes256.data)
	half := func(s string, first bool) frame {
		return frame{kind: wire.Text, first: first, final: !first, data: []byte(s), size: len(s), sum: sumOf([]byte(s))}
	}
	c.ours, c.theirs = r.Sides[c.our], r.Sides[c.their]

	fromServer := [][]frame{{hello(wire.Text)}, {half("Hel", true), half("lo", false)}, {hello(wire.Ping)}, {bytes256}}
	fromClient := [][]frame{{hello(wire.Text)}, {hello(wire.Pong)}}
	if r.Version == wire.Hybi06 {
		fromServer = slices.Insert(fromServer, 3, []frame{hello(wire.Pong)})
		fromClient = fromClient[:1]
	}
	r.Sides["s2c"].frames, r.Sides["c2s"].frames = fromServer, fromClient
	for step := range c.theirs.frames {
		c.hear(step)
	}
	c.answered, c.recorded = nil, nil
	for step := range c.ours.frames {
		c.say(step)
		c.recorded = nil
	}
}

// The second example of the keys of draft 76 (section 1.3) has only the proof
// of the answer.
func TestSpecificationKeys(t *testing.T) {
	r := Read(t, "hixie-76/spec-key-computation")[0]
	wstest.StartServer(t, func(o *airsocket.Options) { o.Versions = wire.AllVersions() }, nil, func(p *wstest.RawPeer) {
		p.WriteRaw(r.Sides["c2s"].Wire[0])
		wstest.ReadHead(t, p.Reader)
		proof := make([]byte, 16)
		if _, err := io.ReadFull(p.Reader, proof); err != nil || !bytes.Equal(proof, r.Sides["s2c"].Wire[0]) {
			t.Errorf("proof %q, %v", proof, err)
		}
		p.Close()
	})
}

// The examples of RFC 7692, section 7.2.3, mixed with uncompressed messages and a
// ping between two fragments.
func TestCompressionExamples(t *testing.T) {
	r := Read(t, "rfc6455/spec-permessage-deflate")[0]
	examples := r.Sides["s2c"].Wire
	j := wstest.StartClient(t, func(o *airsocket.Options) { o.Compression = airsocket.CompressionTakeover }, nil, func(p *wstest.RawPeer) {
		p.AcceptCompressed("permessage-deflate; server_no_context_takeover")
		p.WriteRaw(examples[0])
		p.Send(wstest.OpText, "plain")
		p.WriteRaw(examples[1][:5])
		p.Send(wstest.OpPing, "within")
		p.Want(wstest.OpPong, "within")
		p.WriteRaw(examples[1][5:])
		for _, more := range []string{
			"\xc1\x0b\x00\x05\x00\xfa\xffHello\x00",                        // 7.2.3.3: a block without compression
			"\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00",                     // 7.2.3.4: BFINAL is set
			"\xc1\x0d\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", // 7.2.3.5: two blocks
			"\xc1\x01\x00", // 7.2.3.6: an empty message
		} {
			p.WriteRaw([]byte(more))
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", "text Hello", "text plain", "ping within", "text Hello", "text Hello", "text Hello", "text Hello", "text ", `close 1005 "" clean`)

	j = wstest.StartClient(t, func(o *airsocket.Options) { o.Compression = airsocket.CompressionTakeover }, nil, func(p *wstest.RawPeer) {
		p.AcceptCompressed("permessage-deflate")
		p.WriteRaw(examples[2][:9])
		p.Send(wstest.OpText, "plain: no part of the window")
		p.WriteRaw(examples[2][9:])
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	j.Want("open", "text Hello", "text plain: no part of the window", "text Hello", `close 1005 "" clean`)
}

// The recorded requests ask for version 99, which does not exist, or for version
// 7, which the recorded server did not speak and ours does. A refusal is
// reported with everything that the server sent.
func TestRecordedRefusals(t *testing.T) {
	for _, r := range Read(t, "version-negotiation/*") {
		t.Run(r.Name, func(t *testing.T) {
			wstest.StartServer(t, func(o *airsocket.Options) { o.Origins = []string{"*"} }, nil, func(p *wstest.RawPeer) {
				p.WriteRaw(r.Sides["c2s"].Wire[0])
				res := p.ReadResponse()
				want, versions := 426, "13, 8, 7, 6"
				if strings.HasSuffix(r.Name, "-v7") {
					want, versions = 101, ""
				}
				if got := res.Header.Get("Sec-WebSocket-Version"); res.StatusCode != want || got != versions {
					t.Errorf("status %d, versions %q", res.StatusCode, got)
				}
				p.Close()
			})
			answer := bytes.Join(r.Sides["s2c"].Wire, nil)
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

// crossDomainPolicy is the part of a policy that Flash reads.
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

// A Server sends policies that mean the same as the recorded ones. The NUL that
// Flash expects after them is not in the recordings.
func TestRecordedPolicies(t *testing.T) {
	for _, r := range Read(t, "flash-policy/*") {
		t.Run(r.Name, func(t *testing.T) {
			recorded := parsePolicy(t, r.Sides["s2c"].Wire[0])
			policy := handshake.FlashPolicy{}
			for _, a := range recorded.Allow {
				policy.Domains, policy.Ports = append(policy.Domains, a.Domain), append(policy.Ports, a.Ports)
			}
			p := wstest.DialRaw(t, wstest.Serve(t, &airsocket.Server{FlashPolicy: &policy}))
			p.WriteRaw(r.Sides["c2s"].Wire[0])
			got, err := io.ReadAll(p.Reader)
			text, found := bytes.CutSuffix(got, []byte{0})
			if err != nil || !found {
				t.Fatalf("%q, %v", got, err)
			}
			if ours := parsePolicy(t, text); len(recorded.Allow) != 1 || !slices.Equal(ours.Allow, recorded.Allow) {
				t.Errorf("%q, recorded was %q", got, r.Sides["s2c"].Wire[0])
			}
		})
	}
}
