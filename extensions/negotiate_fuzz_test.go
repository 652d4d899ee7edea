package extensions_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// fuzzDeflate returns settings chosen by the bits of b.
func fuzzDeflate(b uint16) extensions.PermessageDeflate {
	return extensions.PermessageDeflate{
		ServerNoContextTakeover: b&1 != 0,
		ClientNoContextTakeover: b>>1&1 != 0,
		ServerMaxWindowBits:     []int{0, 8, 9, 10, 12, 14, 15, 16}[b>>2&7],
		ClientMaxWindowBits:     []int{0, 8, 9, 10, 12, 14, 15, 16}[b>>5&7],
		Level:                   int(b>>8&7) + 1,
		Threshold:               []int{-1, 0, 1, 100}[b>>11&3],
	}
}

// paramsOf parses parameters as they are in a header field, without quotes.
func paramsOf(s string) extensions.Params {
	var list extensions.Params
	for p := range strings.SplitSeq(s, ";") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		name, value, _ := strings.Cut(p, "=")
		list = append(list, extensions.Param{Name: name, Value: value})
	}
	return list
}

// given returns the value of the parameter name, and whether it is there.
func given(list extensions.Params, name string) (string, bool) {
	i := slices.IndexFunc(list, func(p extensions.Param) bool { return p.Name == name })
	if i < 0 {
		return "", false
	}
	return list[i].Value, true
}

// FuzzNegotiate gives a server arbitrary offers and a client arbitrary answers. What is
// accepted follows RFC 7692, section 7.1, and the two ends understand each other
// afterwards.
func FuzzNegotiate(f *testing.F) {
	const both, bits = "server_no_context_takeover; client_no_context_takeover", "server_max_window_bits=10; client_max_window_bits=9"
	for i, s := range []string{"", both, bits, both + "; " + bits, "client_max_window_bits", "server_max_window_bits=8", "server_max_window_bits",
		"server_max_window_bits=08", "server_max_window_bits=16", "server_no_context_takeover=1", both + "; " + both, "client_max_window_bits=15; x", "x=y"} {
		f.Add(uint16(0), s, []byte("Hello, Hello, Hello"))
		f.Add(uint16(i*0x1357), s, []byte(strings.Repeat("Hello, world. ", 30)))
	}
	f.Fuzz(func(t *testing.T, settings uint16, text string, p []byte) {
		params, x := paramsOf(text), fuzzDeflate(settings)
		if answer, s, ok := x.Answer(params); ok {
			checkAnswer(t, params, answer)
			peer, err := extensions.PermessageDeflate{Threshold: -1}.Accept(answer)
			if err != nil {
				t.Fatalf("offer %q: the answer %v is rejected: %v", text, answer, err)
			}
			bothWays(t, s, peer, p)
		}
		s, err := x.Accept(params)
		if err != nil {
			if !errors.Is(err, extensions.ErrParams) {
				t.Fatalf("answer %q: %v", text, err)
			}
			return
		}
		_, peer, ok := extensions.PermessageDeflate{Threshold: -1}.Answer(params)
		if !ok {
			t.Fatalf("the answer %q was accepted, but is not valid", text)
		}
		bothWays(t, peer, s, p)
	})
}

// checkAnswer checks that a server grants what the offer asks for, and no more than it
// allows.
func checkAnswer(t *testing.T, offer, answer extensions.Params) {
	t.Helper()
	if _, asked := given(offer, "server_no_context_takeover"); asked {
		if _, granted := given(answer, "server_no_context_takeover"); !granted {
			t.Fatalf("%v was answered with %v: the context is taken over", offer, answer)
		}
	}
	for _, name := range []string{"server_max_window_bits", "client_max_window_bits"} {
		asked, isAsked := given(offer, name)
		granted, isGranted := given(answer, name)
		limit, number := 15, 15
		if asked != "" {
			limit, _ = strconv.Atoi(asked)
		}
		if granted != "" {
			number, _ = strconv.Atoi(granted)
		}
		switch server := name[0] == 's'; {
		case server && isAsked && (!isGranted || number > limit),
			!server && isGranted && (!isAsked || granted == "" || number > limit),
			isGranted && (number < 8 || number > 15):
			t.Fatalf("%v was answered with %v", offer, answer)
		}
	}
	for i, p := range answer {
		if _, again := given(answer[:i], p.Name); again {
			t.Fatalf("%v was answered with %v: a parameter is repeated", offer, answer)
		}
	}
}

// bothWays sends p twice in each direction, so that the second refers to the first where
// the context is taken over.
func bothWays(t *testing.T, server, client extensions.Session, p []byte) {
	t.Helper()
	a, b := server.Wire.(wire.MessageExtension), client.Wire.(wire.MessageExtension)
	there, back := &reference{takeover: true}, &reference{takeover: true}
	for range 2 {
		roundTrip(t, a, b, p, there)
		roundTrip(t, b, a, p, back)
	}
}
