package handshake

import "github.com/airsocket/airsocket/wire"

// dialect is the opening handshake of one version of the protocol.
type dialect interface {
	version() wire.Version

	// number is what the version calls itself in Sec-WebSocket-Version, ""
	// if it is older than that field.
	number() string

	// speaks reports whether a request, which asks for a WebSocket of some
	// version, is of this one.
	speaks(Header) bool

	// read tests what a request of this version must have and completes r.
	read(r *Request) error

	// readTail completes the request with the bytes that follow its head, of
	// which there are as many as tail says for a client.
	readTail(r *Request, tail []byte)

	// appendAccept appends the answer to r.
	appendAccept(dst []byte, r *Request, a Accept, secure bool) []byte

	// newKeys makes the nonces of a request.
	newKeys(random func([]byte)) keys

	// appendRequest appends c's request with c.keys in it.
	appendRequest(dst []byte, c *Client) []byte

	// readAnswer tests an answer with status 101 and completes the result.
	readAnswer(c *Client, r *Result) error

	// readProof tests the bytes that follow the head of the answer, of which
	// there are as many as tail says for a server.
	readProof(c *Client, proof []byte) error

	// tail is how many bytes of the handshake follow the head that role sends.
	tail(role wire.Role) int
}

// dialects are all versions in the order in which a server tries them. The
// newest come first; hixie-75, which has nothing to tell it by, comes last.
var dialects = [...]dialect{hybi13, hybi08, hybi07, hybi06, hixie76{}, hixie75{}}

func dialectOf(v wire.Version) dialect {
	for _, d := range dialects {
		if d.version() == v {
			return d
		}
	}
	return nil
}

// headOnly is embedded in dialects whose handshake is nothing but two heads.
type headOnly struct{}

func (headOnly) tail(wire.Role) int              { return 0 }
func (headOnly) readTail(*Request, []byte)       {}
func (headOnly) readProof(*Client, []byte) error { return nil }
