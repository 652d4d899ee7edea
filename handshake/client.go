package handshake

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A Client performs the client's side of one opening handshake: it appends the
// request to a slice and is fed the server's response. It cannot be reused, and is
// not safe for concurrent use.
type Client struct {
	Version   wire.Version       // version to speak; 0 means Hybi13
	Secure    bool               // whether the connection uses TLS
	Host      string             // host of the URL, with the port unless it is the scheme's default
	Target    string             // path and query of the URL, from the first slash on
	Origin    string             // if empty, none is sent, except in hixie, which requires one: there it is derived from Host
	Protocols []string           // subprotocols to ask for, in order of preference; hixie allows only one
	Offers    []extensions.Offer // extensions to offer, in order of preference
	Header    Header             // additional fields, such as Cookie and User-Agent
	Random    func([]byte)       // fills a slice with random bytes for the keys; nil means crypto/rand

	MaxHead  int // maximum bytes in the head of a response; 0 means DefaultMaxHead, negative no limit
	MaxLines int // maximum lines in the head of a response; 0 means DefaultMaxLines, negative no limit

	// NeedsProtocol makes the handshake fail with ErrNoProtocol if the server chooses none of
	// Protocols, unless that is empty (WHATWG WebSockets, section 2.2).
	NeedsProtocol bool

	// HeadSuffices makes Feed return the error of a server that refuses when the head of the
	// response has arrived, with what has arrived of the body.
	HeadSuffices bool

	dialect dialect // nil until AppendRequest
	keys    keys
	head    head
	lines   int      // lines of informational responses
	result  Result   // Status is 0 until the head of the final response has been read
	refused *refusal // the body of the response, if it is not an upgrade
	proof   []byte   // the bytes after the head that have arrived
	done    bool
	err     error
}

// A Result describes the server's response to a client's request.
type Result struct {
	Version    wire.Version
	Protocol   string             // the subprotocol that the server chose, or "" for none
	Extensions []extensions.Offer // the extensions that the server chose
	Header     Header             // all fields of the response
	Status     int                // 101
}

// AppendRequest appends the request, with new keys, to dst. If a field of c cannot be
// sent, it returns an error and dst unchanged. In hixie, which has no extensions, it
// omits the Offers. Send the request with one write, as some servers of hixie-76
// require that.
func (c *Client) AppendRequest(dst []byte) ([]byte, error) {
	if c.Version == 0 {
		c.Version = wire.Hybi13
	}
	if c.dialect = dialectOf(c.Version); c.dialect == nil {
		return dst, ErrVersion
	}
	if err := c.check(); err != nil {
		return dst, err
	}
	random := c.Random
	if random == nil {
		random = func(b []byte) { rand.Read(b) } // never fails
	}
	c.keys = c.dialect.newKeys(random)
	return c.dialect.appendRequest(dst, c), nil
}

func (c *Client) check() error {
	if !isHost(c.Host) {
		return ErrHost
	}
	if !isTarget(c.Target) {
		return ErrTarget
	}
	if hasControl(c.Origin) {
		return fmt.Errorf("%w: Origin", ErrBadField)
	}
	if err := checkProtocols(c.Protocols); err != nil {
		return err
	}
	if c.dialect.number() == "" && len(c.Protocols) > 1 {
		return fmt.Errorf("%w: a client of %v can ask for only one", ErrBadProtocol, c.Version)
	}
	if err := checkOffers(c.Offers); err != nil {
		return err
	}
	return checkOwn(c.Header)
}

func appendRequestLine(dst []byte, target string) []byte {
	dst = append(append(dst, "GET "...), target...)
	return append(dst, " HTTP/1.1\r\n"...)
}

// Feed reads bytes from the server. done is true once the handshake is complete;
// rest is then the part of p that follows the handshake. Feed does not retain p.
//
// Errors are of type *Error, and later calls return the same error. When the server
// refuses, Feed returns the error only after the start of the response's body has
// arrived, unless HeadSuffices is set. Call FeedEOF to stop waiting for it. If
// AppendRequest has not been called, Feed returns ErrNotDone.
func (c *Client) Feed(p []byte) (rest []byte, done bool, err error) {
	if c.err != nil {
		return nil, false, c.err
	}
	if c.dialect == nil {
		return nil, false, ErrNotDone
	}
	for c.result.Status == 0 {
		if p, err = c.readHead(p); err != nil {
			return nil, false, c.fail(err)
		}
		if p == nil {
			return nil, false, nil
		}
	}
	if c.done {
		return p, true, nil
	}
	if c.refused != nil {
		if c.refused.feed(p) || c.HeadSuffices {
			err = c.fail(ErrStatus)
		}
		return nil, false, err
	}
	if rest, err = c.readProof(p); err != nil {
		return nil, false, c.fail(err)
	}
	return rest, c.done, nil
}

// FeedEOF tells c that no more bytes will arrive. It returns nil if the handshake is
// complete. Otherwise it returns an *Error that wraps ErrStatus if the server
// refused, the error of Feed if it has failed, or else ErrUnexpected.
func (c *Client) FeedEOF() error {
	switch {
	case c.err != nil:
		return c.err
	case c.done:
		return nil
	case c.refused != nil:
		return c.fail(ErrStatus)
	}
	return c.fail(ErrUnexpected)
}

// readHead reads the head of a response. rest is nil until the head is complete.
func (c *Client) readHead(p []byte) (rest []byte, err error) {
	l := newLimits(c.MaxHead, c.MaxLines)
	l.lines -= c.lines
	text, rest, err := c.head.feed(p, l, readStatusLine)
	if text == nil {
		return nil, err
	}
	err = c.readResponse(string(text))
	c.head = head{}
	return rest, err
}

// readStatusLine checks a status line as soon as its first bytes have arrived (RFC
// 9112, section 4). Some servers omit the reason phrase and the space before it.
func readStatusLine(line []byte, whole bool) error {
	const form = "HTTP/1.d ddd"
	for i := 0; i < len(form) && i < len(line); i++ {
		if c := line[i]; c != form[i] && (form[i] != 'd' || c < '0' || c > '9') {
			return ErrNotHTTP
		}
	}
	if whole && (len(line) < len(form) || len(line) > len(form) && line[len(form)] != ' ') {
		return ErrNotHTTP
	}
	return nil
}

func (c *Client) readResponse(text string) error {
	line, fields, _ := strings.Cut(text, "\r\n")
	status, err := strconv.Atoi(line[9:12])
	if err != nil || status < 100 {
		return ErrNotHTTP
	}
	header, err := parseFields(fields, c.head.lines-1)
	if err != nil {
		return err
	}
	if status < 200 && status != 101 {
		// Informational responses come before the final one (RFC 9110, section
		// 15.2). MaxLines limits their number, as their lines count, too.
		c.lines += c.head.lines
		return nil
	}
	c.result.Version, c.result.Status, c.result.Header = c.Version, status, header
	switch {
	case status != 101:
		c.refused = newRefusal(line[9:], header)
		return nil
	case !isUpgrade(header):
		return ErrUpgrade
	case !header.hasToken("Connection", "upgrade"):
		return ErrConnection
	}
	if err := c.dialect.readAnswer(c, &c.result); err != nil {
		return err
	}
	if c.NeedsProtocol && len(c.Protocols) > 0 && c.result.Protocol == "" {
		return ErrNoProtocol
	}
	return nil
}

// isUpgrade reports whether a response upgrades to websocket and nothing else. It
// ignores case, as libwebsockets sends WebSocket in every version.
func isUpgrade(h Header) bool {
	upgrade, _ := h.one("Upgrade")
	return equalFold(upgrade, "websocket")
}

// readProof consumes the bytes of the handshake that follow the head, and returns the
// rest of p.
func (c *Client) readProof(p []byte) (rest []byte, err error) {
	need := c.dialect.tail(wire.Server)
	n := min(len(p), need-len(c.proof))
	c.proof = append(c.proof, p[:n]...)
	if len(c.proof) < need {
		return nil, nil
	}
	c.done = true
	return p[n:], c.dialect.readProof(c, c.proof)
}

// fail turns err into an *Error with the server's response, which later calls return.
func (c *Client) fail(err error) error {
	if c.refused != nil {
		err = fmt.Errorf("%w: %s", err, c.refused.status)
	}
	e := refuse(err)
	e.Status, e.Header = c.result.Status, c.result.Header
	if c.refused != nil {
		e.Body = c.refused.body()
	}
	c.done, c.err = false, e
	return e
}

// Result returns the server's response. It is complete once Feed has returned done.
func (c *Client) Result() Result { return c.result }
