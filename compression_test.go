package airsocket_test

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

const rsv1 = 0x40 // of the first byte: the message is compressed (RFC 7692, section 6)

// deflated returns the compressed form of a message that begins a context.
func deflated(t testing.TB, p []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xFF\xFF"))
}

func inflate(t testing.TB, p string) string {
	t.Helper()
	b, err := io.ReadAll(flate.NewReader(strings.NewReader(p + "\x00\x00\xFF\xFF\x01\x00\x00\xFF\xFF")))
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// TestCompressionIsNegotiated checks what Options.Compression offers and accepts.
func TestCompressionIsNegotiated(t *testing.T) {
	const off, without, with = airsocket.CompressionOff, airsocket.CompressionNoTakeover, airsocket.CompressionTakeover
	const none = "server_no_context_takeover; client_no_context_takeover"
	for _, c := range []struct {
		compression   airsocket.Compression
		offer, answer string
	}{
		{off, "permessage-deflate", ""},
		{without, "permessage-deflate", "permessage-deflate; " + none},
		{with, "permessage-deflate", "permessage-deflate"},
		{with, "permessage-deflate; server_no_context_takeover", "permessage-deflate; server_no_context_takeover"},
		{with, "permessage-deflate; unknown, permessage-deflate", "permessage-deflate"},
		{with, "permessage-deflate; client_no_context_takeover; client_no_context_takeover", ""},
		{with, "x-webkit-deflate-frame", ""},
	} {
		wstest.StartServer(t, func(o *airsocket.Options) { o.Compression = c.compression }, nil, func(p *wstest.RawPeer) {
			if got := p.OpenCompressed(c.offer); got != c.answer {
				t.Errorf("%d: %q is answered with %q, want %q", c.compression, c.offer, got, c.answer)
			}
			p.Close()
		})
	}
	for compression, want := range map[airsocket.Compression]string{
		off:     "",
		without: "permessage-deflate; " + none + "; client_max_window_bits",
		with:    "permessage-deflate; client_max_window_bits",
	} {
		wstest.StartClient(t, func(o *airsocket.Options) { o.Compression = compression }, nil, func(p *wstest.RawPeer) {
			if got := p.AcceptCompressed(""); got != want {
				t.Errorf("%d offers %q, want %q", compression, got, want)
			}
			p.Close()
		})
	}
	j := wstest.StartClient(t, nil, nil, func(p *wstest.RawPeer) {
		p.AcceptCompressed("permessage-deflate")
		p.WantEnd()
	})
	j.Want(wstest.Refused...)
	j.WantError(handshake.ErrExtensionNotOffered)
}

// TestCompressionThreshold checks that messages are compressed from the length
// Options.CompressionThreshold on.
func TestCompressionThreshold(t *testing.T) {
	text := func(n int) string { return strings.Repeat("to be or not ", n/13+1)[:n] }
	for threshold, lengths := range map[int][2]int{0: {extensions.DefaultThreshold - 1, extensions.DefaultThreshold}, 1000: {999, 1000}, -1: {-1, 100}} {
		wstest.StartServer(t, func(o *airsocket.Options) {
			o.Compression, o.CompressionThreshold = airsocket.CompressionNoTakeover, threshold
		}, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
				for _, n := range lengths {
					if n >= 0 {
						s.Send(text(n))
					}
				}
			})
		}, func(p *wstest.RawPeer) {
			p.OpenCompressed("permessage-deflate")
			if n := lengths[0]; n >= 0 {
				p.Want(wstest.OpText, text(n))
			}
			first, payload, err := p.ReadFrame()
			if err != nil || first != wstest.OpText|rsv1 || inflate(t, payload) != text(lengths[1]) {
				t.Errorf("threshold %d: frame %#x %q, %v", threshold, first, payload, err)
			}
			p.Close()
		})
	}
}

// TestEmptyMessageKeepsMemory checks that the memory of an empty message stays its owner's: a
// server that sent back what had been decompressed to nothing gave it to two connections.
func TestEmptyMessageKeepsMemory(t *testing.T) {
	const others = "this is not to be sent"
	memory := []byte(strings.Repeat(others, 600/len(others)))
	wstest.StartServer(t, func(o *airsocket.Options) { o.Compression = airsocket.CompressionTakeover }, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			err := errors.Join(s.SendBytes(memory[:0]), s.SendMessage(wire.Binary, e.Bytes()[:0]), s.SendPart(wire.Binary, memory[:0], true),
				s.SendPart(wire.Binary, memory[:0], false), s.SendPart(wire.Binary, memory[:0], true),
				s.SendUncompressed(wire.Binary, memory[:0], true), s.SendMessage(wire.Text, e.Bytes()))
			if err != nil {
				t.Error(err)
			}
		})
	}, func(p *wstest.RawPeer) {
		p.OpenCompressed("permessage-deflate")
		in := inflating{RawPeer: p, takeover: true}
		for range 20 {
			p.Send(wstest.OpText|rsv1, string(deflated(t, nil)))
			for range 5 {
				if got, _, _ := in.message(wstest.OpBinary); got != "" {
					t.Errorf("received %q", got)
				}
			}
			if got, _, _ := in.message(wstest.OpText); got != "" {
				t.Errorf("received %q", got)
			}
		}
		p.Close()
	})
	if strings.ReplaceAll(string(memory), others, "") != "" {
		t.Errorf("the memory of the caller is used: %q", memory)
	}
}

// TestCompressionTakeover checks that a repeated message costs next to nothing with
// context takeover, and as much as the first time without it.
func TestCompressionTakeover(t *testing.T) {
	text := wstest.TextOf(5000) + "but this is new: " + strings.Repeat("0123456789abcdef", 20)
	for compression, less := range map[airsocket.Compression]bool{airsocket.CompressionNoTakeover: false, airsocket.CompressionTakeover: true} {
		wstest.StartServer(t, func(o *airsocket.Options) { o.Compression = compression }, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
				s.Send(text)
				s.Send(text)
			})
		}, func(p *wstest.RawPeer) {
			p.OpenCompressed("permessage-deflate")
			_, one, err1 := p.ReadFrame()
			_, two, err2 := p.ReadFrame()
			if err := errors.Join(err1, err2); err != nil {
				t.Error(err)
			}
			if inflate(t, one) != text || less != (len(two) < len(one)) || !less && two != one {
				t.Errorf("compression %d: %d bytes, then %d", compression, len(one), len(two))
			}
			p.Close()
		})
	}
}

// TestCompressedRules checks that compressed messages that break a rule are
// refused.
func TestCompressedRules(t *testing.T) {
	for _, c := range []struct {
		name  string
		first byte
		data  []byte
		code  airsocket.StatusCode
		rule  error
	}{
		{"not UTF-8", wstest.OpText | rsv1, deflated(t, []byte("\xFF")), 1007, wire.ErrInvalidUTF8},
		{"not DEFLATE", wstest.OpBinary | rsv1, []byte("\xFF\xFF\xFF"), 1007, wire.ErrExtensionData},
		{"too long", wstest.OpBinary | rsv1, deflated(t, make([]byte, 100001)), 1009, wire.ErrMessageTooBig},
		{"a compressed ping", wstest.OpPing | rsv1, nil, 1002, wire.ErrReservedBits},
		{"another bit", wstest.OpText | 0x20, nil, 1002, wire.ErrReservedBits},
	} {
		for _, parts := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				j := wstest.StartServer(t, func(o *airsocket.Options) {
					o.Compression, o.MaxMessage, o.FrameEvents = airsocket.CompressionTakeover, 100000, parts
				}, nil, func(p *wstest.RawPeer) {
					p.OpenCompressed("permessage-deflate")
					p.WriteRaw(p.Frame(wstest.OpBinary|rsv1, string(deflated(t, make([]byte, 100000)))))
					p.Send(c.first, string(c.data))
					p.WantClose(c.code)
					p.WantEOF()
					p.Close()
				})
				j.WantError(c.rule)
			})
		}
	}
}

// TestCompressionBomb checks that a server and a client refuse 10 GiB compressed to
// 10 MiB, without allocating the memory for them.
func TestCompressionBomb(t *testing.T) {
	const limit, block, blocks = 1 << 20, 1 << 20, 10 << 10
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(make([]byte, block))
	w.Flush()
	b.Reset()
	w.Write(make([]byte, block)) // from here on all blocks are the same
	w.Flush()
	payload := strings.Repeat(b.String(), blocks)
	for _, start := range []func(testing.TB, func(*airsocket.Options), func(*airsocket.Socket), func(*wstest.RawPeer)) *wstest.Journal{wstest.StartServer, wstest.StartClient} {
		var before, after runtime.MemStats
		j := start(t, func(o *airsocket.Options) { o.Compression, o.MaxMessage = airsocket.CompressionTakeover, limit }, nil, func(p *wstest.RawPeer) {
			if p.Client {
				p.OpenCompressed("permessage-deflate")
			} else {
				p.AcceptCompressed("permessage-deflate")
			}
			bomb := p.Frame(wstest.OpBinary|rsv1, payload)
			runtime.ReadMemStats(&before)
			p.Write(bomb) // fails as soon as it is refused
			p.WantClose(airsocket.StatusMessageTooBig)
			runtime.ReadMemStats(&after)
			p.Close()
		})
		j.WantError(wire.ErrMessageTooBig)
		if took := after.TotalAlloc - before.TotalAlloc; took > 8*limit {
			t.Errorf("%d bytes were allocated for a limit of %d", took, limit)
		}
	}
}
