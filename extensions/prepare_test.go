package extensions_test

import (
	"bytes"
	"math/rand"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/extensions/internal/sample"
	"github.com/airsocket/airsocket/wire"
)

func TestPrepareKeys(t *testing.T) {
	key := func(x extensions.PermessageDeflate, offer string) any {
		_, s, ok := x.Answer(params(offer))
		if !ok {
			t.Fatalf("%s is declined", offer)
		}
		return s.Wire.(extensions.Preparer).PrepareKey()
	}
	type options = extensions.PermessageDeflate
	one := key(options{}, "")
	for _, same := range []any{
		key(options{Level: extensions.DefaultLevel}, ""),
		key(options{}, "client_max_window_bits=9"),
		key(options{}, "server_no_context_takeover"),
	} {
		if one != same {
			t.Errorf("two keys, although both give the same bytes: %v, %v", one, same)
		}
	}
	for _, other := range []any{
		key(options{Level: 6}, ""),
		key(options{Threshold: 9}, ""),
		key(options{}, "server_max_window_bits=9"),
	} {
		if one == other {
			t.Errorf("the same key, although they give different bytes: %v", one)
		}
	}
}

// A connection with context takeover can mix prepared messages with others. The peer
// decodes both kinds alike.
func TestPreparedMessagesKeepContext(t *testing.T) {
	for _, bits := range []int{8, 15} {
		server, client := pair(t, extensions.PermessageDeflate{ServerMaxWindowBits: bits, ClientMaxWindowBits: bits})
		other, _ := pair(t, extensions.PermessageDeflate{ServerMaxWindowBits: bits})
		p := server.(extensions.Preparer)
		r := rand.New(rand.NewSource(1))
		for i := range 300 {
			m := sample.Message(r, 100+r.Intn(1000))
			var out []byte
			var rsv wire.RSV
			if i%3 == 0 {
				out, rsv, _ = other.(extensions.Preparer).PrepareMessage(nil, wire.Text, m)
				again, _, _ := p.PrepareMessage(nil, wire.Text, m)
				if !bytes.Equal(out, again) {
					t.Fatal("a prepared message depends on the session")
				}
				p.Prepared(m, rsv)
			} else {
				out, rsv, _ = server.EncodeMessage(nil, wire.Text, m)
			}
			if rsv == 0 {
				continue
			}
			if got, err := client.DecodeMessage(nil, wire.Text, rsv, out, 0); err != nil || !bytes.Equal(got, m) {
				t.Fatalf("message %d: %v", i, err)
			}
		}
	}
}
