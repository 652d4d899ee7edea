package extensions

import (
	"errors"
	"fmt"

	"github.com/airsocket/airsocket/wire"
)

// Errors returned by [Accept], wrapped in an error that names the extension.
var (
	// ErrNotOffered is returned when the server chose an extension that was not
	// offered (RFC 6455, section 4.1).
	ErrNotOffered = errors.New("extensions: the server chose an extension that was not offered")
	// ErrRepeated is returned when the server chose an extension twice.
	ErrRepeated = errors.New("extensions: the server chose an extension twice")
	// ErrClash is returned when the server chose two extensions that claim the
	// same reserved bit (RFC 6455, section 9.2) or both transform the byte stream.
	ErrClash = errors.New("extensions: the server chose two extensions that exclude each other")
	// ErrParams is returned when the parameters of an answer are invalid or do
	// not belong to the offer.
	ErrParams = errors.New("extensions: the server answered with parameters that do not belong to the offer")
	// ErrSession is returned when an Extension returned a Session that does not
	// have exactly one of its fields set. That is a bug in the Extension.
	ErrSession = errors.New("extensions: an extension returned an invalid session")
)

// Offers returns the offers for the request of a client that supports the extensions
// in list, in the order of list and, for each extension, in its order of preference.
func Offers(list []Extension) []Offer {
	var offers []Offer
	for _, e := range list {
		for _, p := range e.Offer() {
			offers = append(offers, Offer{e.Name(), p})
		}
	}
	return offers
}

// Accept checks a server's answer to the [Offers] of the same list. It returns the
// sessions in the order of the answer, which is the order in which messages are
// encoded (RFC 6455, section 9.1). If it returns an error, all sessions have been
// closed, and the connection must be failed.
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

// Answer chooses from the offers of a client, in the client's order: for each
// extension in list the first offer that the extension does not decline. It does not
// choose an extension that excludes one chosen before. The sessions are in the order
// of the answer.
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

// A choice is a set of sessions that do not exclude each other.
type choice struct {
	sessions []Session
	claimed  wire.RSV
	stream   bool
}

// add adds s, or closes it and returns an error if it cannot be added.
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

// fail closes all sessions and returns err with the name of the extension.
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
