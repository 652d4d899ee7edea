package airsocket_test

import (
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestNothingAfterClose checks that what a peer sends after its close frame is read only for
// a while: the connection then ends as it would have at the end of the peer's stream.
func TestNothingAfterClose(t *testing.T) {
	for _, client := range []bool{false, true} {
		for _, first := range []bool{false, true} { // we have closed first
			for _, payload := range []int{0, 1 << 20} {
				testNothingAfterClose(t, client, first, payload)
			}
		}
	}
}

// testNothingAfterClose has the peer write frames of payload bytes after its close frame.
func testNothingAfterClose(t *testing.T, client, first bool, payload int) {
	writes, size := 0, 0
	j, took := inTime(t, client, &airsocket.Options{}, func(s *airsocket.Socket) {
		if first {
			wstest.CloseAt(airsocket.EventOpen, 1000, "")(s)
		}
	}, func(p *wstest.RawPeer) {
		p.OpenAsEither()
		answered := make(chan bool)
		go func() {
			p.WantClose(1000)
			close(answered)
		}()
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		<-answered
		frame := p.Frame(wstest.OpBinary, wstest.TextOf(payload))
		for ; writes < 1000; writes++ {
			n, err := p.Write(frame)
			if size += n; err != nil {
				return
			}
		}
	})
	j.Want("open", `close 1000 "" clean`)
	if took != 0 || writes > 5 || size > 17<<10 {
		t.Errorf("client %v, first %v: %d writes and %d bytes were taken in %v", client, first, writes, size, took)
	}
}

// A countingStream changes nothing, and counts what it decodes.
type countingStream struct {
	left    []byte
	decoded int
}

func (x *countingStream) Name() string               { return "x-stream" }
func (x *countingStream) Offer() []extensions.Params { return []extensions.Params{nil} }
func (x *countingStream) Accept(extensions.Params) (extensions.Session, error) {
	return extensions.Session{Stream: x}, nil
}
func (x *countingStream) Answer(extensions.Params) (extensions.Params, extensions.Session, bool) {
	return nil, extensions.Session{Stream: x}, true
}
func (x *countingStream) Feed(p []byte) { x.left = p }
func (x *countingStream) Read(dst []byte) (int, error) {
	n := copy(dst, x.left)
	x.left = x.left[n:]
	x.decoded += n
	return n, nil
}
func (x *countingStream) Append(dst, p []byte) ([]byte, error) { return append(dst, p...), nil }
func (x *countingStream) Close()                               {}

// TestStreamAfterEnd checks that an extension below the frames decodes nothing more after
// the peer's close frame or a broken rule, neither of what has come with it nor of what
// comes later: a few bytes may become very many there.
func TestStreamAfterEnd(t *testing.T) {
	const piece = 16 << 10 // which is decoded at a time
	for name, c := range map[string]struct {
		first byte
		code  int
	}{
		"close": {wstest.OpClose, 1000},
		"fail":  {wstest.OpText | 0x40, 1002},
	} {
		t.Run(name, func(t *testing.T) {
			x := &countingStream{}
			inTime(t, false, &airsocket.Options{Extensions: []extensions.Extension{x}}, nil, func(p *wstest.RawPeer) {
				p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Extensions: x-stream")))
				p.ReadResponse()
				closed := make(chan bool)
				go func() {
					p.WantClose(airsocket.StatusCode(c.code))
					close(closed)
				}()
				junk := make([]byte, 60<<10)
				p.Write(append(p.Frame(c.first, wstest.ClosePayload(c.code, "")), junk...))
				<-closed
				p.Close()
			})
			if x.decoded > piece {
				t.Errorf("%d bytes were decoded", x.decoded)
			}
		})
	}
}
