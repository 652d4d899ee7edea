package handshake

import "github.com/airsocket/airsocket/wire"

// A dialect implements the opening handshake of one version of the protocol.
type dialect interface {
	version() wire.Version

	// number returns the version's value of Sec-WebSocket-Version, or "" if the
	// version is older than that field.
	number() string

	// speaks reports whether a request for a WebSocket is of this version.
	speaks(Header) bool

	// read checks the fields of a request of this version and completes r.
	read(r *Request) error

	// readTail completes the request with the tail(wire.Client) bytes that follow
	// its head.
	readTail(r *Request, tail []byte)

	// appendAccept appends the response to r.
	appendAccept(dst []byte, r *Request, a Accept, secure bool) []byte

	// newKeys returns the keys of a new request.
	newKeys(random func([]byte)) keys

	// appendRequest appends c's request with c.keys.
	appendRequest(dst []byte, c *Client) []byte

	// readAnswer checks a response with status 101 and completes the result.
	readAnswer(c *Client, r *Result) error

	// readProof checks the tail(wire.Server) bytes that follow the head of the
	// response.
	readProof(c *Client, proof []byte) error

	// tail returns how many bytes role sends after its head.
	tail(role wire.Role) int
}

// dialects lists all versions in the order in which a server tries them: newest
// first. hixie-75 must be the last, as no field identifies it.
var dialects = [...]dialect{hybi13, hybi08, hybi07, hybi06, hixie76{}, hixie75{}}

func dialectOf(v wire.Version) dialect {
	for _, d := range dialects {
		if d.version() == v {
			return d
		}
	}
	return nil
}

// headOnly is embedded in dialects in which nothing follows the heads.
type headOnly struct{}

func (headOnly) tail(wire.Role) int              { return 0 }
func (headOnly) readTail(*Request, []byte)       {}
func (headOnly) readProof(*Client, []byte) error { return nil }
