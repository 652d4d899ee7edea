package extensions

import (
	"errors"
	"fmt"

	"github.com/airsocket/airsocket/wire"
)

// Why a client refuses the extensions of a server's answer. The error that
// [Accept] returns wraps one of them and names the extension.
var (
	// ErrNotOffered: the server chose an extension that was not offered (RFC 6455, 4.1).
	ErrNotOffered = errors.New("extensions: the server chose an extension that was not offered")
	// ErrRepeated: one extension is twice in the answer.
	ErrRepeated = errors.New("extensions: the server chose an extension twice")
	// ErrClash: two extensions claim one reserved bit (RFC 6455, 9.2), or
	// there are two for the byte stream.
	ErrClash = errors.New("extensions: the server chose two extensions that exclude each other")
	// ErrParams: the parameters of an answer are wrong or do not belong to the offer.
	ErrParams = errors.New("extensions: the server answered with parameters that do not belong to the offer")
	// ErrSession: an Extension gave a Session that has not exactly one of its
	// fields set. It is a fault of that Extension.
	ErrSession = errors.New("extensions: an extension gave no usable session")
)

// Offers is what a client that is ready for the extensions of list puts into
// its request: the offers of the first one first, each in its own order of
// preference.
func Offers(list []Extension) []Offer {
	var offers []Offer
	for _, e := range list {
		for _, p := range e.Offer() {
			offers = append(offers, Offer{e.Name(), p})
		}
	}
	return offers
}

// Accept takes the answer of a server to [Offers] of the same list. The
// sessions are in the order of the answer, which is the order in which messages
// are encoded (RFC 6455, section 9.1). After an error the connection must be
// failed, and no session is left open.
func Accept(list []Extension, answer []Offer) ([]Session, error) {
	var chosen choice
	for i, a := range answer {
		e := find(list, a.Name)
		if e == nil || len(e.Offer()) == 0 {
			return nil, chosen.fail(a.Name, ErrNotOffered)
		}
		if has(answer[:i], a.Name) {
			return nil, chosen.fail(a.Name, ErrRepeated)
		}
		s, err := e.Accept(a.Params)
		if err == nil {
			err = chosen.add(s)
		}
		if err != nil {
			return nil, chosen.fail(a.Name, err)
		}
	}
	return chosen.sessions, nil
}

// Answer chooses from the offers of a client: of each extension in list the
// first offer that it takes, in the client's order. An offer whose extension
// excludes one chosen before it is declined. The sessions are in the order of
// the answer.
func Answer(list []Extension, offers []Offer) (answer []Offer, sessions []Session) {
	var chosen choice
	for _, o := range offers {
		e := find(list, o.Name)
		if e == nil || has(answer, o.Name) {
			continue
		}
		p, s, ok := e.Answer(o.Params)
		if ok && chosen.add(s) == nil {
			answer = append(answer, Offer{o.Name, p})
		}
	}
	return answer, chosen.sessions
}

func find(list []Extension, name string) Extension {
	for _, e := range list {
		if e.Name() == name {
			return e
		}
	}
	return nil
}

func has(offers []Offer, name string) bool {
	for _, o := range offers {
		if o.Name == name {
			return true
		}
	}
	return false
}

// choice is a set of sessions that do not exclude each other.
type choice struct {
	sessions []Session
	claimed  wire.RSV
	stream   bool
}

// add takes s, or closes it and says why it cannot be one of the set.
func (c *choice) add(s Session) error {
	switch {
	case (s.Wire == nil) == (s.Stream == nil):
		s.close()
		return ErrSession
	case s.Stream != nil:
		if c.stream {
			s.close()
			return ErrClash
		}
		c.stream = true
	default:
		if c.claimed&s.Wire.Claims() != 0 {
			return ErrClash
		}
		c.claimed |= s.Wire.Claims()
	}
	c.sessions = append(c.sessions, s)
	return nil
}

// fail gives up all sessions.
func (c *choice) fail(name string, err error) error {
	for _, s := range c.sessions {
		s.close()
	}
	return fmt.Errorf("%w: %q", err, name)
}

func (s Session) close() {
	if s.Stream != nil {
		s.Stream.Close()
	}
}
