package airsocket_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestPartsWaitForRoom checks that MaxBuffered holds for each part, that a part that was
// refused can be sent again after the drain event, and that the message then arrives.
func TestPartsWaitForRoom(t *testing.T) {
	const parts, size, limit = 100, 64 << 10, 256 << 10
	for _, compression := range []airsocket.Compression{airsocket.CompressionOff, airsocket.CompressionTakeover} {
		part := func(i int) string { // which cannot be compressed
			b := make([]byte, size)
			x := uint32(i*7919 + 1)
			for j := range b {
				x ^= x << 13
				x ^= x >> 17
				x ^= x << 5
				b[j] = byte(x)
			}
			return string(b)
		}
		full := make(chan struct{})
		wstest.StartServer(t, func(o *airsocket.Options) {
			o.Compression, o.MaxBuffered = compression, limit
		}, func(s *airsocket.Socket) {
			sent, refused := 0, 0
			fill := func() {
				for ; sent < parts; sent++ {
					err := s.SendPart(wire.Binary, []byte(part(sent)), sent == parts-1)
					if n := s.BufferedAmount(); n > limit+1<<10 {
						t.Errorf("%d bytes are waiting", n)
					}
					switch {
					case errors.Is(err, airsocket.ErrBufferFull):
						if refused++; refused == 1 {
							close(full)
						}
						if err := s.Send("no"); !errors.Is(err, wire.ErrPartOrder) && !errors.Is(err, airsocket.ErrBufferFull) {
							t.Errorf("Send within the message: %v", err)
						}
						return
					case err != nil:
						t.Error(err)
						return
					}
				}
			}
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) { fill() })
			airsocket.AddEventListener(s, airsocket.EventDrain, func(*airsocket.DrainEvent) {
				if sent < parts {
					fill()
				}
			})
		}, func(p *wstest.RawPeer) {
			p.OpenCompressed("permessage-deflate")
			<-full
			in := inflating{RawPeer: p}
			got, frames, _ := in.message(wstest.OpBinary)
			if len(got) != parts*size || frames != parts {
				t.Fatalf("%d bytes in %d frames", len(got), frames)
			}
			for i := range parts {
				if got[i*size:(i+1)*size] != part(i) {
					t.Fatalf("part %d is wrong", i)
				}
			}
			p.Close()
		})
	}
}

// TestPartsAmongSenders checks that while one goroutine sends messages in parts, what
// others, Broadcast included, are told to have sent arrives between them, and nothing else.
func TestPartsAmongSenders(t *testing.T) {
	const rounds = 200
	srv := &airsocket.Server{Options: wstest.OwnDispatcher(&airsocket.Options{Compression: airsocket.CompressionTakeover, MaxBuffered: -1})}
	var accepted, skipped atomic.Int64
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			go func() {
				var all sync.WaitGroup
				for i := range 3 {
					all.Go(func() {
						for range rounds {
							err := s.Send(strings.Repeat("whole ", 50*i))
							switch {
							case err == nil:
								accepted.Add(1)
							case errors.Is(err, wire.ErrPartOrder):
								skipped.Add(1)
							default:
								t.Error(err)
							}
							if _, err := srv.Broadcast(wire.Binary, make([]byte, 200*i), nil); err != nil {
								t.Error(err)
							}
						}
					})
				}
				all.Go(func() {
					for i := range rounds {
						for part := range 4 {
							if err := s.SendPart(wire.Text, []byte(fmt.Sprintf("<part %d of %d>", part, i)), part == 3); err != nil {
								t.Error(err)
							}
						}
					}
				})
				all.Wait()
				// No message is unfinished now, so this is not refused.
				if err := s.SendUncompressed(wire.Text, []byte("end"), true); err != nil {
					t.Error(err)
				}
			}()
		})
	})
	p := wstest.DialRaw(t, wstest.Serve(t, srv))
	p.OpenCompressed("permessage-deflate")
	in := inflating{RawPeer: p, takeover: true}
	wholes, inParts := 0, 0
	for {
		first, err := p.Reader.Peek(1)
		if err != nil {
			t.Fatal(err)
		}
		head := first[0] // which the next read may overwrite
		text, frames, _ := in.message(head | 0x80)
		if wire.Kind(head&0xF) == wire.Binary {
			continue
		}
		if text == "end" {
			break
		}
		switch {
		case frames == 4:
			var want strings.Builder
			for part := range 4 {
				fmt.Fprintf(&want, "<part %d of %d>", part, inParts)
			}
			if inParts++; text != want.String() {
				t.Fatalf("received %q, want %q", text, want.String())
			}
		default:
			wholes++
		}
	}
	if inParts != rounds || wholes != int(accepted.Load()) {
		t.Errorf("%d messages in parts and %d others, want %d and %d", inParts, wholes, rounds, accepted.Load())
	}
	t.Logf("%d messages were refused", skipped.Load())
	p.Close()
}
