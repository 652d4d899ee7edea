package airsocket_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestPartsInEachVersion checks that messages in parts arrive at another Socket as whole
// messages, in both directions, in every version and with every kind of compression, and
// that the versions without fragments refuse them and stay open.
func TestPartsInEachVersion(t *testing.T) {
	wstest.EachVersion(func(v wire.Version) bool {
		for name, set := range map[string]func(*airsocket.Options){
			"plain":          func(*airsocket.Options) {},
			"takeover":       func(o *airsocket.Options) { o.Compression = airsocket.CompressionTakeover },
			"no takeover":    func(o *airsocket.Options) { o.Compression = airsocket.CompressionNoTakeover },
			"deflate-stream": func(o *airsocket.Options) { o.DeflateStream = true },
			"frame events":   func(o *airsocket.Options) { o.FrameEvents, o.Compression = true, airsocket.CompressionTakeover },
		} {
			t.Run(fmt.Sprint(v, "/", name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { testParts(t, v, set) })
			})
		}
		return true
	})
}

func testParts(t *testing.T, v wire.Version, set func(*airsocket.Options)) {
	d := new(airsocket.Dispatcher)
	copts, sopts := wstest.ClientOf(v, d), wstest.AnyOrigin()
	sopts.Dispatcher = d
	set(copts)
	set(sopts)
	c, s := airsocket.NewSocket(copts), airsocket.NewSocket(sopts)
	received := map[*airsocket.Socket][]string{}
	for _, end := range []*airsocket.Socket{c, s} {
		text := ""
		end.OnMessage(func(e *airsocket.MessageEvent) { received[end] = append(received[end], e.Text()) })
		end.OnFrame(func(e *airsocket.FrameEvent) {
			if text += string(e.Data); !e.More {
				received[end] = append(received[end], text)
				text = ""
			}
		})
		end.OnError(func(e *airsocket.ErrorEvent) { t.Error(e.Err) })
	}
	if err := airsocket.Pipe(c, s); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	fragments := v.Can(wire.Binary)
	stream := strings.Contains(c.Extensions(), "deflate-stream")
	if old := fragments && v != wire.Hybi13; stream != (old && copts.DeflateStream) {
		t.Fatalf("the extensions are %q", c.Extensions())
	}
	for end, other := range map[*airsocket.Socket]*airsocket.Socket{c: s, s: c} {
		var want []string
		for name, send := range partSenders {
			for _, n := range partSizes {
				text := wstest.TextOf(n)
				err := send(end, wire.Text, []byte(text), true)
				unsupported := stream && name == "SendUncompressed"
				if unsupported != errors.Is(err, wire.ErrUnsupported) || !unsupported && err != nil {
					t.Errorf("%s of %d bytes: %v", name, n, err)
				}
				if !unsupported {
					want = append(want, text)
				}
				err = send(end, wire.Text, []byte(text), false)
				unsupported = unsupported || !fragments
				if unsupported != errors.Is(err, wire.ErrUnsupported) || !unsupported && err != nil {
					t.Errorf("%s of a part of %d bytes: %v", name, n, err)
				}
				if !unsupported {
					if err := errors.Join(end.Ping(nil), send(end, wire.Text, nil, false), send(end, wire.Text, []byte(text), true)); err != nil {
						t.Error(err)
					}
					want = append(want, text+text)
				}
				if err := end.Send("between"); err != nil {
					t.Error(err)
				}
				want = append(want, "between")
				synctest.Wait()
			}
		}
		if got := received[other]; len(got) != len(want) {
			t.Errorf("%d messages arrived, want %d", len(got), len(want))
		} else {
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("message %d has %d bytes, want %d", i, len(got[i]), len(want[i]))
				}
			}
		}
	}
	c.Close(1000, "")
	synctest.Wait()
	if st := s.ReadyState(); st != airsocket.StateClosed {
		t.Errorf("ReadyState is %d at the end", st)
	}
}
