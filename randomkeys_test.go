package airsocket_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A bitCount counts in how many values each bit is set, and looks for values that come again.
type bitCount struct {
	n, again int
	set      []int
	seen     map[string]bool
}

func (c *bitCount) add(value []byte) {
	if c.seen == nil {
		c.seen, c.set = map[string]bool{}, make([]int, 8*len(value))
	}
	if c.n++; c.seen[string(value)] {
		c.again++
	}
	c.seen[string(value)] = true
	for i := range c.set {
		c.set[i] += int(value[i/8]>>(i%8)) & 1
	}
}

// check reports values that are not as random ones are, of which one in a million million
// tests has more than that again, or a bit that is set so often or so seldom.
func (c *bitCount) check(t *testing.T, what string) {
	t.Helper()
	if c.again > 5 {
		t.Errorf("%s: %d of %d have come before", what, c.again, c.n)
	}
	most := int(8 * math.Sqrt(float64(c.n)) / 2) // eight standard deviations
	for i, n := range c.set {
		if off := n - c.n/2; off > most || off < -most {
			t.Errorf("%s: bit %d is set in %d of %d", what, i, n, c.n)
		}
	}
}

// TestMaskingKeys checks that each frame of a client has a key of its own that has nothing to
// do with the ones before, as proxies rely on that (RFC 6455, section 10.3): neither the keys,
// nor what two that follow each other differ by, repeat or prefer a bit.
func TestMaskingKeys(t *testing.T) {
	const frames = 4096
	for v := range wstest.EachVersion {
		if v < wire.Hybi06 {
			continue
		}
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			opts := wstest.ClientOf(v, new(airsocket.Dispatcher))
			opts.Dial = wstest.DialTo(ours)
			s := airsocket.NewSocket(opts)
			p, err := airsocket.Prepare(wire.Text, []byte("prepared"))
			if err != nil {
				t.Fatal(err)
			}
			s.OnOpen(func(*airsocket.OpenEvent) {
				for i := range frames {
					switch i % 4 {
					case 0:
						err = s.Send("sent")
					case 1:
						err = s.SendPrepared(p)
					case 2:
						err = s.SendUncompressed(wire.Binary, []byte("raw"), true)
					default:
						err = s.Ping([]byte("ping"))
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
			if err := s.Connect("ws://example.com/"); err != nil {
				t.Fatal(err)
			}
			peer := wstest.NewRawPeer(t, theirs, false)
			peer.Accept()
			var keys, differences bitCount
			last := make([]byte, 4)
			for range frames {
				key := nextMask(t, peer, v)
				difference := make([]byte, 4)
				for i := range key {
					difference[i] = key[i] ^ last[i]
				}
				keys.add(key)
				differences.add(difference)
				last = key
			}
			keys.check(t, fmt.Sprint(v, ": keys"))
			differences.check(t, fmt.Sprint(v, ": differences"))
			s.Drop(1000, "")
			theirs.Close()
			synctest.Wait()
		})
	}
}

// nextMask reads a short frame and returns its masking key, which in hybi-06 comes first.
func nextMask(t *testing.T, p *wstest.RawPeer, v wire.Version) []byte {
	t.Helper()
	read := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			c, err := p.Reader.ReadByte()
			if err != nil {
				t.Fatal(err)
			}
			b[i] = c
		}
		return b
	}
	if v == wire.Hybi06 {
		key := read(4)
		head := read(2)
		read(int((head[1] ^ key[1]) & 0x7F))
		return key
	}
	head := read(2)
	if head[1]&0x80 == 0 {
		t.Fatalf("%v: a frame is not masked", v)
	}
	key := read(4)
	read(int(head[1] & 0x7F))
	return key
}

// TestHandshakeKeys checks that the keys of opening handshakes are random (RFC 6455, section
// 4.1).
func TestHandshakeKeys(t *testing.T) {
	var keys bitCount
	for range 4096 {
		c := handshake.Client{Host: "example.com", Target: "/"}
		request, err := c.AppendRequest(nil)
		if err != nil {
			t.Fatal(err)
		}
		_, field, _ := strings.Cut(string(request), "Sec-WebSocket-Key: ")
		field, _, _ = strings.Cut(field, "\r\n")
		key, err := base64.StdEncoding.DecodeString(field)
		if err != nil || len(key) != 16 {
			t.Fatalf("the key is %q", field)
		}
		keys.add(key)
	}
	keys.check(t, "Sec-WebSocket-Key")
}
