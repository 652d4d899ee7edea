package airsocket_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestUncompressedSecretIsNotInTheContext checks that with context takeover a guess of a
// secret is as long whether the secret has been sent with SendUncompressed, whole or in
// parts, or not at all, and shorter after Send. The peer inflates everything without the
// secret in its context.
func TestUncompressedSecretIsNotInTheContext(t *testing.T) {
	var b strings.Builder
	for x := uint32(1); b.Len() < 600; x = x*1664525 + 1013904223 {
		b.WriteByte('a' + byte(x>>24)%26)
	}
	secret := strings.Repeat("x", 600) + b.String() // a message that does not get shorter is never kept
	guess := "is it " + secret + "?"
	sends := map[string]func(*airsocket.Socket) error{
		"nothing": func(*airsocket.Socket) error { return nil },
		"whole": func(s *airsocket.Socket) error {
			return s.SendUncompressed(wire.Text, []byte(secret), true)
		},
		"parts": func(s *airsocket.Socket) error {
			return errors.Join(s.SendUncompressed(wire.Text, []byte(secret[:9]), false), s.SendUncompressed(wire.Text, []byte(secret[9:]), true))
		},
		"Send": func(s *airsocket.Socket) error { return s.Send(secret) },
	}
	sizes := map[string]int{}
	for name, send := range sends {
		wstest.StartServer(t, func(o *airsocket.Options) {
			o.Compression, o.CompressionThreshold = airsocket.CompressionTakeover, -1
		}, func(s *airsocket.Socket) {
			airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
				if err := errors.Join(s.Send(wstest.TextOf(500)), send(s), s.Send(guess)); err != nil {
					t.Error(err)
				}
			})
		}, func(p *wstest.RawPeer) {
			p.OpenCompressed("permessage-deflate")
			in := inflating{RawPeer: p, takeover: true}
			if got, _, _ := in.message(wstest.OpText); got != wstest.TextOf(500) {
				t.Errorf("received %q", got)
			}
			if name != "nothing" {
				if got, _, size := in.message(wstest.OpText); got != secret || name != "Send" && size != len(secret) {
					t.Errorf("%s: received %q as %d bytes", name, got, size)
				}
			}
			got, _, size := in.message(wstest.OpText)
			if sizes[name] = size; got != guess {
				t.Errorf("%s: received %q", name, got)
			}
			p.Close()
		})
	}
	if n := sizes["nothing"]; sizes["whole"] != n || sizes["parts"] != n || sizes["Send"] > n/2 {
		t.Errorf("the guess has %v bytes", sizes)
	}
}
