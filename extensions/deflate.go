package extensions

import (
	"fmt"
	"strconv"
)

const permessageDeflate = "permessage-deflate"

// PermessageDeflate is the extension permessage-deflate (RFC 7692) for either
// role. The zero value is good: it keeps the context of earlier messages in
// both directions and allows windows of 32 KiB.
//
// A connection keeps its windows and nothing else: the last 1<<bits bytes of what
// it receives and as much of what it sends, but there at most 2 KiB << Level, in
// memory that grows with what passes through; none at all in a direction without
// context takeover. So with the defaults it is 36 KiB at most. Compressors are
// shared by all connections of the process.
type PermessageDeflate struct {
	// ServerNoContextTakeover and ClientNoContextTakeover make the server or
	// the client compress each message by itself. What this endpoint asks for
	// on the side of the other is granted by every peer (RFC 7692, 7.1.1).
	ServerNoContextTakeover, ClientNoContextTakeover bool

	// ServerMaxWindowBits and ClientMaxWindowBits bound the windows of what
	// the server and the client send to 1<<bits bytes: 8 to 15, where zero is
	// 15 (RFC 7692, 7.1.2). A peer that cannot keep to it is told to do
	// without context takeover instead, so that the bound on memory holds.
	ServerMaxWindowBits, ClientMaxWindowBits int

	// Level is 1 (fastest) to 9 (smallest). Zero is [DefaultLevel].
	Level int

	// Threshold is the size in bytes from which on messages are compressed;
	// shorter ones are sent as they are. Zero is [DefaultThreshold], negative
	// compresses all. A message that compression does not make smaller is
	// sent as it is in any case.
	Threshold int
}

// The defaults of [PermessageDeflate].
const (
	DefaultLevel     = 1
	DefaultThreshold = 128
)

// Name is "permessage-deflate".
func (PermessageDeflate) Name() string { return permessageDeflate }

// Offer is what a client offers. A server that cannot bound its window, for
// which the first offer would not do, finds a second one that asks for no
// context takeover instead.
func (x PermessageDeflate) Offer() []Params {
	own := x.own()
	first := own
	first.clientBitsSet = true
	offers := []Params{first.params()}
	if own.serverBits != 0 {
		second := first
		second.serverBits, second.serverNoTakeover = 0, true
		offers = append(offers, second.params())
	}
	return offers
}

// Accept takes the answer of a server (RFC 7692, section 7.1). The error wraps
// [ErrParams].
func (x PermessageDeflate) Accept(answer Params) (Session, error) {
	a, err := parseDeflate(answer)
	if err != nil {
		return Session{}, fmt.Errorf("%w: %v", ErrParams, err)
	}
	own := x.own()
	switch {
	case a.clientBitsSet && a.clientBits == 0:
		return Session{}, fmt.Errorf("%w: client_max_window_bits has no value", ErrParams)
	case own.serverNoTakeover && !a.serverNoTakeover:
		return Session{}, fmt.Errorf("%w: server_no_context_takeover is missing", ErrParams)
	case own.serverBits != 0 && !a.serverNoTakeover && (a.serverBits == 0 || a.serverBits > own.serverBits):
		return Session{}, fmt.Errorf("%w: server_max_window_bits is missing or too big", ErrParams)
	}
	return x.session(
		direction{orMax(least(own.clientBits, a.clientBits)), !own.clientNoTakeover && !a.clientNoTakeover},
		direction{orMax(a.serverBits), !a.serverNoTakeover},
	), nil
}

// Answer takes one offer of a client (RFC 7692, section 7.1). It declines
// parameters that are unknown, repeated or have a value that they may not have.
func (x PermessageDeflate) Answer(offer Params) (Params, Session, bool) {
	o, err := parseDeflate(offer)
	if err != nil {
		return nil, Session{}, false
	}
	own := x.own()
	a := deflateParams{
		serverNoTakeover: own.serverNoTakeover || o.serverNoTakeover,
		clientNoTakeover: own.clientNoTakeover || o.clientNoTakeover,
		serverBits:       least(own.serverBits, o.serverBits),
	}
	if o.clientBitsSet {
		a.clientBits = least(own.clientBits, o.clientBits)
		a.clientBitsSet = a.clientBits != 0
	} else if own.clientBits != 0 {
		a.clientNoTakeover = true
	}
	return a.params(), x.session(
		direction{orMax(a.serverBits), !a.serverNoTakeover},
		direction{orMax(a.clientBits), !a.clientNoTakeover},
	), true
}

// deflateParams are the parameters of RFC 7692, section 7.1. Bits are 8 to 15,
// or zero where there is no value.
type deflateParams struct {
	serverNoTakeover, clientNoTakeover bool
	serverBits, clientBits             uint8
	clientBitsSet                      bool // client_max_window_bits, with a value or without
}

// own are the options as parameters; a bound of 15 is none.
func (x PermessageDeflate) own() deflateParams {
	bits := func(n int) uint8 {
		if n == 0 || n >= 15 {
			return 0
		}
		return uint8(max(n, 8))
	}
	return deflateParams{
		serverNoTakeover: x.ServerNoContextTakeover,
		clientNoTakeover: x.ClientNoContextTakeover,
		serverBits:       bits(x.ServerMaxWindowBits),
		clientBits:       bits(x.ClientMaxWindowBits),
	}
}

func (d deflateParams) params() Params {
	var p Params
	if d.serverNoTakeover {
		p = append(p, Param{"server_no_context_takeover", ""})
	}
	if d.clientNoTakeover {
		p = append(p, Param{"client_no_context_takeover", ""})
	}
	if d.serverBits != 0 {
		p = append(p, Param{"server_max_window_bits", strconv.Itoa(int(d.serverBits))})
	}
	if d.clientBits != 0 {
		p = append(p, Param{"client_max_window_bits", strconv.Itoa(int(d.clientBits))})
	} else if d.clientBitsSet {
		p = append(p, Param{"client_max_window_bits", ""})
	}
	return p
}

// parseDeflate reads what an offer and an answer have in common. In an answer
// client_max_window_bits needs a value too.
func parseDeflate(list Params) (d deflateParams, err error) {
	for i, p := range list {
		for _, q := range list[:i] {
			if p.Name == q.Name {
				return d, fmt.Errorf("%s is repeated", p.Name)
			}
		}
		ok := p.Value == ""
		switch p.Name {
		case "server_no_context_takeover":
			d.serverNoTakeover = true
		case "client_no_context_takeover":
			d.clientNoTakeover = true
		case "server_max_window_bits":
			d.serverBits, ok = windowBits(p.Value)
		case "client_max_window_bits":
			d.clientBitsSet = true
			if !ok {
				d.clientBits, ok = windowBits(p.Value)
			}
		default:
			return d, fmt.Errorf("%q is unknown", p.Name)
		}
		if !ok {
			return d, fmt.Errorf("%s may not be %q", p.Name, p.Value)
		}
	}
	return d, nil
}

// windowBits reads 8 to 15 without leading zeros (RFC 7692, section 7.1.2).
func windowBits(s string) (uint8, bool) {
	switch s {
	case "8", "9":
		return s[0] - '0', true
	case "10", "11", "12", "13", "14", "15":
		return 10 + s[1] - '0', true
	}
	return 0, false
}

// least is the smaller of two bounds of which zero is none.
func least(a, b uint8) uint8 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func orMax(bits uint8) uint8 { return least(bits, 15) }
