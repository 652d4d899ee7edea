package serving

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A chopper is the connection under a peer's TLS. It writes what it gets in pieces, or
// several writes at once.
type chopper struct {
	net.Conn
	piece func() int // the length of the next one
	kept  []byte
}

func (c *chopper) Write(p []byte) (int, error) {
	c.kept = append(c.kept, p...)
	for {
		n := c.piece()
		if n > len(c.kept) {
			return len(p), nil
		}
		if _, err := c.Conn.Write(c.kept[:n]); err != nil {
			return 0, err
		}
		c.kept = c.kept[n:]
	}
}

func (c *chopper) finish() {
	c.Conn.Write(c.kept)
	c.kept = nil
}

// TestForeignTLSPieces checks that messages come back unchanged over a tls.Conn of somebody
// else, whatever the lengths of the pieces in which records arrive, and that nothing is
// left when the last piece has come.
func TestForeignTLSPieces(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	config := &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	rnd := rand.New(rand.NewPCG(1, 2))
	sizes := []int{0, 1, 125, 126, 700, 4 << 10, 16<<10 - 30, 16 << 10, 16<<10 + 1, 100_000}
	pieces := map[string]struct {
		rounds int
		most   int // the largest message
		piece  func() int
	}{
		"single bytes": {2, 5000, func() int { return 1 }},
		"few bytes":    {3, 20_000, func() int { return 1 + rnd.IntN(40) }},
		"segments":     {20, 1 << 20, func() int { return 1 + rnd.IntN(3000) }},
		"together":     {20, 1 << 20, func() int { return 1 + rnd.IntN(100<<10) }},
		"long":         {1, 16 << 20, func() int { return 1 << 20 }},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, network := range []string{"tcp", "unix"} {
			for name, c := range pieces {
				t.Run(fmt.Sprintf("%s/%s/%s", tls.VersionName(version), network, name), func(t *testing.T) {
					client := root.ClientConfig()
					client.ServerName, client.MaxVersion = "localhost", version
					ours, theirs := pairOf(t, network)
					s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher), MaxMessage: 32 << 20, MaxBuffered: 256 << 20})
					s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
					if err := s.StartServer(tls.Server(ours, config)); err != nil {
						t.Fatal(err)
					}
					theirs.SetDeadline(time.Now().Add(3 * wstest.Patience))
					below := &chopper{Conn: theirs, piece: func() int { return 1 }}
					secure := tls.Client(below, client)
					p := wstest.NewRawPeer(t, secure, true)
					p.Open()
					below.piece = c.piece
					sizes := sizes
					if name == "long" {
						sizes = []int{c.most}
					}
					var all []string
					for range c.rounds {
						for _, n := range sizes {
							if n <= c.most {
								all = append(all, strings.Repeat(string(rune('a'+len(all)%26)), n))
							}
						}
					}
					var wg sync.WaitGroup
					wg.Go(func() {
						for _, text := range all {
							p.Write(p.Frame(wstest.OpText, text))
						}
						below.finish()
					})
					for i, text := range all {
						if _, got, err := p.ReadFrame(); err != nil || got != text {
							t.Fatalf("message %d of %d has %d bytes, want %d; %v", i, len(all), len(got), len(text), err)
						}
					}
					wg.Wait()
					s.Drop(1000, "")
				})
			}
		}
	}
}

// pairOf returns the two ends of a connection.
func pairOf(t *testing.T, network string) (ours, theirs net.Conn) {
	if network == "tcp" {
		return wstest.TCPPair(t)
	}
	l, err := net.Listen("unix", fmt.Sprintf("%s/s%d", t.TempDir(), os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if theirs, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if ours, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { theirs.Close() })
	return ours, theirs
}
