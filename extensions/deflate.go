package extensions

import (
	"fmt"
	"strconv"
)

const permessageDeflate = "permessage-deflate"

// PermessageDeflate is the extension permessage-deflate (RFC 7692) for both roles.
// The zero value is ready to use: it keeps the context of earlier messages in both
// directions and allows windows of 32 KiB.
//
// Between messages, a connection keeps only its windows: the last 1<<bits bytes
// received, and the last 1<<bits bytes sent, but at most 2 KiB << Level of these.
// The windows grow with the traffic. A direction without context takeover keeps
// nothing. With the defaults this is at most 36 KiB for each connection. All
// connections of the process share the compressors.
type PermessageDeflate struct {
	// ServerNoContextTakeover and ClientNoContextTakeover make the server or
	// the client compress each message independently. Every peer must grant
	// this when asked (RFC 7692, section 7.1.1).
	ServerNoContextTakeover, ClientNoContextTakeover bool

	// ServerMaxWindowBits and ClientMaxWindowBits limit the windows for the
	// messages of the server and of the client to 1<<bits bytes, where bits is 8
	// to 15 and zero means 15 (RFC 7692, section 7.1.2). A peer that does not
	// support the limit is asked not to use context takeover instead, so that
	// the memory stays limited.
	ServerMaxWindowBits, ClientMaxWindowBits int

	// Level is 1 (fastest) to 9 (smallest). Zero means [DefaultLevel]. Messages
	// that need a window of less than 15 bits are compressed the same way at all
	// levels.
	Level int

	// Threshold is the length in bytes from which messages are compressed. Zero
	// means [DefaultThreshold]. With a negative value all messages are
	// compressed. A message that compression does not make shorter is always
	// sent uncompressed.
	Threshold int
}

// Defaults of [PermessageDeflate].
const (
	DefaultLevel     = 1
	DefaultThreshold = 128
)

// Name returns "permessage-deflate".
func (PermessageDeflate) Name() string { return permessageDeflate }

// Offer returns the offers of a client. With a limit on the server's window there is
// a second offer, for servers that do not support such a limit: it asks the server
// not to use context takeover.
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

// Accept checks the answer of a server (RFC 7692, section 7.1). The error wraps
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

// Answer answers one offer of a client (RFC 7692, section 7.1). It declines an offer
// with a parameter that is unknown, is repeated, or has an invalid value.
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

// deflateParams holds the parameters of RFC 7692, section 7.1. The numbers of bits
// are 8 to 15, or zero if there is no value.
type deflateParams struct {
	serverNoTakeover, clientNoTakeover bool
	serverBits, clientBits             uint8
	clientBitsSet                      bool // client_max_window_bits is present, with or without a value
}

// own returns the settings as parameters. A limit of 15 bits counts as no limit.
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

// parseDeflate parses the parameters of an offer or an answer. It checks the rules
// that both share; the caller checks that client_max_window_bits has a value in an
// answer.
func parseDeflate(list Params) (d deflateParams, err error) {
	for i, p := range list {
		for _, q := range list[:i] {
			if p.Name == q.Name {
				return d, &paramError{isRepeated, p}
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
			return d, &paramError{isUnknown, p}
		}
		if !ok {
			return d, &paramError{isInvalid, p}
		}
	}
	return d, nil
}

// A paramError says what is wrong with a parameter. It makes its text only when it is
// asked: a server never asks, and a hostile client may send very many offers.
type paramError struct {
	fault paramFault
	param Param
}

type paramFault uint8

const (
	isRepeated paramFault = iota
	isUnknown
	isInvalid
)

func (e *paramError) Error() string {
	switch e.fault {
	case isRepeated:
		return e.param.Name + " is repeated"
	case isUnknown:
		return strconv.Quote(e.param.Name) + " is unknown"
	}
	return e.param.Name + " has the invalid value " + strconv.Quote(e.param.Value)
}

// windowBits parses 8 to 15 without leading zeros (RFC 7692, section 7.1.2).
func windowBits(s string) (uint8, bool) {
	switch s {
	case "8", "9":
		return s[0] - '0', true
	case "10", "11", "12", "13", "14", "15":
		return 10 + s[1] - '0', true
	}
	return 0, false
}

// least returns the smaller of two limits, where zero means no limit.
func least(a, b uint8) uint8 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func orMax(bits uint8) uint8 { return least(bits, 15) }
