package extensions_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
)

// params parses "a; b=1" without any checks.
func params(s string) (p extensions.Params) {
	if s == "" {
		return nil
	}
	for f := range strings.SplitSeq(s, "; ") {
		name, value, _ := strings.Cut(f, "=")
		p = append(p, extensions.Param{Name: name, Value: value})
	}
	return p
}

func paramString(p extensions.Params) string {
	return strings.TrimPrefix(extensions.Offer{Params: p}.String(), "; ")
}

func TestDeflateOffers(t *testing.T) {
	type options = extensions.PermessageDeflate
	for _, tt := range []struct {
		x    options
		want string
	}{
		{options{}, "client_max_window_bits"},
		{options{ServerMaxWindowBits: 15, ClientMaxWindowBits: 15}, "client_max_window_bits"},
		{options{ServerNoContextTakeover: true, ClientNoContextTakeover: true}, "server_no_context_takeover; client_no_context_takeover; client_max_window_bits"},
		{options{ClientMaxWindowBits: 9}, "client_max_window_bits=9"},
		{options{ServerMaxWindowBits: 10}, "server_max_window_bits=10; client_max_window_bits, server_no_context_takeover; client_max_window_bits"},
		{options{ServerMaxWindowBits: 3, ClientMaxWindowBits: 99}, "server_max_window_bits=8; client_max_window_bits, server_no_context_takeover; client_max_window_bits"},
	} {
		var all []string
		for _, p := range tt.x.Offer() {
			all = append(all, paramString(p))
		}
		if got := strings.Join(all, ", "); got != tt.want {
			t.Errorf("%+v offers %s, want %s", tt.x, got, tt.want)
		}
	}
}

func TestDeflateAnswers(t *testing.T) {
	type options = extensions.PermessageDeflate
	const declined = "declined"
	for _, tt := range []struct {
		x           options
		offer, want string
	}{
		{options{}, "", ""},
		{options{}, "client_max_window_bits", ""},
		{options{}, "client_max_window_bits=10", "client_max_window_bits=10"},
		{options{}, "client_max_window_bits=15", "client_max_window_bits=15"},
		{options{}, "server_max_window_bits=8", "server_max_window_bits=8"},
		{options{}, "server_max_window_bits=15", "server_max_window_bits=15"},
		{options{}, "server_no_context_takeover; client_no_context_takeover", "server_no_context_takeover; client_no_context_takeover"},
		{options{ServerNoContextTakeover: true, ClientNoContextTakeover: true}, "", "server_no_context_takeover; client_no_context_takeover"},
		{options{ServerMaxWindowBits: 9}, "", "server_max_window_bits=9"},
		{options{ServerMaxWindowBits: 9}, "server_max_window_bits=12", "server_max_window_bits=9"},
		{options{ServerMaxWindowBits: 12}, "server_max_window_bits=9", "server_max_window_bits=9"},
		{options{ClientMaxWindowBits: 9}, "client_max_window_bits", "client_max_window_bits=9"},
		{options{ClientMaxWindowBits: 9}, "client_max_window_bits=8", "client_max_window_bits=8"},
		{options{ClientMaxWindowBits: 9}, "", "client_no_context_takeover"},

		{options{}, "server_max_window_bits", declined},
		{options{}, "server_max_window_bits=7", declined},
		{options{}, "server_max_window_bits=16", declined},
		{options{}, "server_max_window_bits=08", declined},
		{options{}, "server_max_window_bits=1x", declined},
		{options{}, "client_max_window_bits=0", declined},
		{options{}, "client_max_window_bits=110", declined},
		{options{}, "client_no_context_takeover=1", declined},
		{options{}, "server_no_context_takeover=true", declined},
		{options{}, "client_no_context_takeover; client_no_context_takeover", declined},
		{options{}, "client_max_window_bits; client_max_window_bits=9", declined},
		{options{}, "Client_max_window_bits", declined},
		{options{}, "level=9", declined},
	} {
		p, s, ok := tt.x.Answer(params(tt.offer))
		got := paramString(p)
		if !ok {
			got = declined
		}
		if got != tt.want || ok != (s.Wire != nil) {
			t.Errorf("%+v answers %q with %q, want %q", tt.x, tt.offer, got, tt.want)
		}
	}
}

// A server makes no text of what is wrong with an offer that it declines, since a hostile
// client may send very many of them.
func TestDeflateDeclinesCheaply(t *testing.T) {
	for _, offer := range []extensions.Params{
		{{Name: "x"}},
		{{Name: "server_max_window_bits", Value: "99"}},
		{{Name: "client_no_context_takeover"}, {Name: "client_no_context_takeover"}},
	} {
		allocs := testing.AllocsPerRun(100, func() {
			if _, _, ok := (extensions.PermessageDeflate{}).Answer(offer); ok {
				t.Errorf("%v is accepted", offer)
			}
		})
		if allocs > 1 {
			t.Errorf("declining %v allocates %v times", offer, allocs)
		}
	}
}

func TestDeflateAcceptsAnswers(t *testing.T) {
	type options = extensions.PermessageDeflate
	for _, tt := range []struct {
		x      options
		answer string
		ok     bool
	}{
		{options{}, "", true},
		{options{}, "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8; client_max_window_bits=8", true},
		{options{ClientMaxWindowBits: 9}, "client_max_window_bits=12", true},
		{options{ServerMaxWindowBits: 9}, "server_max_window_bits=9", true},
		{options{ServerMaxWindowBits: 9}, "server_no_context_takeover", true},
		{options{ServerNoContextTakeover: true}, "server_no_context_takeover", true},

		{options{ServerNoContextTakeover: true}, "", false},
		{options{ServerMaxWindowBits: 9}, "", false},
		{options{ServerMaxWindowBits: 9}, "server_max_window_bits=10", false},
		{options{}, "client_max_window_bits", false},
		{options{}, "client_max_window_bits=16", false},
		{options{}, "server_max_window_bits", false},
		{options{}, "server_no_context_takeover; server_no_context_takeover", false},
		{options{}, "unknown", false},
	} {
		s, err := tt.x.Accept(params(tt.answer))
		if (err == nil) != tt.ok || (s.Wire != nil) != tt.ok {
			t.Errorf("%+v accepts %q: %v, want %v", tt.x, tt.answer, err, tt.ok)
		}
		if err != nil && !errors.Is(err, extensions.ErrParams) {
			t.Errorf("%+v accepts %q: %v, want an ErrParams", tt.x, tt.answer, err)
		}
	}
}
