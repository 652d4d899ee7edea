package handshake

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
	"github.com/gobwas/httphead"
)

// A Server performs the server's side of one opening handshake. It is fed the bytes
// that the client sends or, if an HTTP server has already read the request, is given
// the request with Offer. Then it appends the response to a slice. The zero value is
// ready to use. A Server cannot be reused, and is not safe for concurrent use.
type Server struct {
	Versions []wire.Version // versions to accept; nil means all
	MaxHead  int            // maximum bytes in the head of a request; 0 means DefaultMaxHead, negative no limit
	MaxLines int            // maximum lines in the head of a request; 0 means DefaultMaxLines, negative no limit
	Secure   bool           // whether the connection uses TLS, which determines the location in responses of hixie

	// PassOn, if not nil, reports whether a request that asks for a WebSocket, valid or not,
	// is for somebody else. The error is then ErrNotUpgrade, as for any other request.
	PassOn func(*Request) bool

	req     Request
	head    head
	dialect dialect // nil until the head has been read
	err     error   // why the handshake failed
	done    bool

	method, target int // lengths of these parts of the request line
	policy         int // number of bytes of a FlashPolicyRequest that have arrived
	tail           [8]byte
	tailLen        int
}

// An Accept holds the parameters with which a server accepts a request.
type Accept struct {
	Protocol   string             // one of the subprotocols asked for, or "" for none
	Extensions []extensions.Offer // the chosen extensions, with the parameters to answer with
	Header     Header             // additional fields, such as Set-Cookie
}

// Feed reads bytes from the client. done is true once the request is complete; rest
// is then the part of p that follows the request. Feed does not retain p.
//
// Errors are of type *Error, which describes the response to send, and later calls
// return the same error. Three errors are not failures: with ErrNotUpgrade the
// client has sent an ordinary HTTP request, which Buffered returns; with
// ErrFlashPolicyRequest it expects a FlashPolicy; and with ErrVersion it may try
// again with a version that the response lists.
func (s *Server) Feed(p []byte) (rest []byte, done bool, err error) {
	if s.err != nil {
		return nil, false, s.err
	}
	if s.done {
		return p, true, nil
	}
	if s.dialect == nil {
		if p, err = s.readRequest(p); err != nil {
			return nil, false, s.fail(err)
		}
		if s.dialect == nil {
			return nil, false, nil
		}
	}
	rest = s.readTail(p)
	return rest, s.done, nil
}

// readRequest reads the head of a request. The calls of its parts are not nested, so
// that the stack does not grow.
func (s *Server) readRequest(p []byte) (rest []byte, err error) {
	had := len(s.head.buf)
	if s.policy > 0 || had == 0 && len(p) > 0 && p[0] == FlashPolicyRequest[0] {
		return nil, s.readPolicyRequest(p)
	}
	text, rest, err := s.head.feed(p, newLimits(s.MaxHead, s.MaxLines), s.readRequestLine)
	if text == nil {
		return nil, err
	}
	proto, err := s.parse(string(text))
	if err == nil {
		err = s.passOn(s.choose(proto))
	}
	if err != nil && errors.Is(err, ErrNotUpgrade) {
		s.head.buf = append(s.head.buf[:had], p...)
	}
	return rest, err
}

func (s *Server) readPolicyRequest(p []byte) error {
	for _, c := range p {
		if c != FlashPolicyRequest[s.policy] {
			return ErrNotHTTP
		}
		if s.policy++; s.policy == len(FlashPolicyRequest) {
			return ErrFlashPolicyRequest
		}
	}
	return nil
}

// readRequestLine checks the request line as soon as its first bytes have arrived, so
// that a client of another protocol gets a response at once.
func (s *Server) readRequestLine(line []byte, whole bool) error {
	const longestMethod = 32
	for i, c := range line {
		if i > 0 && c == ' ' {
			break
		}
		if i == longestMethod || !httphead.OctetTypes[c].IsToken() {
			return ErrNotHTTP
		}
	}
	if !whole {
		return nil
	}
	r, ok := httphead.ParseRequestLine(line)
	s.method, s.target = len(r.Method), len(r.URI)
	if !ok || len(line) != s.version()+len("HTTP/1.1") {
		return ErrNotHTTP
	}
	if r.Version.Major != 1 || r.Version.Minor > 9 {
		return ErrHTTPVersion
	}
	return nil
}

// version returns the index of the HTTP version in the request line.
func (s *Server) version() int { return s.method + len(" ") + s.target + len(" ") }

// parse parses a complete head, whose first line has been checked. It returns the
// HTTP version.
func (s *Server) parse(text string) (proto string, err error) {
	line, fields, _ := strings.Cut(text, "\r\n")
	s.req.Method = line[:s.method]
	s.req.Target = line[s.method+1:][:s.target]
	if s.req.Header, err = parseFields(fields, s.head.lines-1); err != nil {
		return "", err
	}
	s.req.Host = s.req.Header.Get("Host")
	return line[s.version():], nil
}

// choose finds the dialect of the request.
func (s *Server) choose(proto string) error {
	if err := s.req.check(proto); err != nil {
		return err
	}
	for _, d := range dialects {
		if !d.speaks(s.req.Header) {
			continue
		}
		if !s.speaks(d.version()) {
			return unspoken(d)
		}
		s.req.Version = d.version()
		s.dialect = d
		return d.read(&s.req)
	}
	return ErrVersion
}

// passOn returns err, which choose has returned, or ErrNotUpgrade for a request that PassOn
// wants to be passed on.
func (s *Server) passOn(err error) error {
	if s.PassOn != nil && err != ErrNotUpgrade && s.PassOn(&s.req) {
		return ErrNotUpgrade
	}
	return err
}

func (s *Server) speaks(v wire.Version) bool {
	return s.Versions == nil || slices.Contains(s.Versions, v)
}

// unspoken returns the error for a version that is not in Versions. A request
// without a version looks like one of hixie-75, but rarely comes from such a client,
// so its error names the missing field.
func unspoken(d dialect) error {
	if d == (hixie75{}) {
		return fmt.Errorf("%w: no Sec-WebSocket-Version field, as in hixie-75, which is not among the server's Versions", ErrVersion)
	}
	return fmt.Errorf("%w: %v, which is not among the server's Versions", ErrVersion, d.version())
}

// readTail consumes the bytes of the handshake that follow the head, and returns the
// rest of p.
func (s *Server) readTail(p []byte) (rest []byte) {
	need := s.dialect.tail(wire.Client)
	n := copy(s.tail[s.tailLen:need], p)
	s.tailLen += n
	if s.tailLen == need {
		s.dialect.readTail(&s.req, s.tail[:need])
		s.done = true
		s.head.release()
	}
	return p[n:]
}

// Offer gives s a request that net/http has read: its Method, RequestURI, Proto, Host
// and Header. done is false for a request of hixie-76, in which eight more bytes follow
// the head; pass them to Feed. The errors are the same as those of Feed.
func (s *Server) Offer(method, target, proto, host string, header map[string][]string) (done bool, err error) {
	if s.err != nil || s.dialect != nil {
		return s.done, s.err
	}
	s.req.Method, s.req.Target, s.req.Host = method, target, host
	s.req.Header = make(Header, 0, len(header)+1)
	s.req.Header.Add("Host", host)
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			if !isToken(name) || hasControl(value) || named(name, "Host") {
				return false, s.fail(ErrFieldSyntax)
			}
			s.req.Header.Add(name, trim(value))
		}
	}
	if err = s.passOn(s.choose(proto)); err != nil {
		return false, s.fail(err)
	}
	s.readTail(nil)
	return s.done, nil
}

// fail turns err into an *Error, which later calls return.
func (s *Server) fail(err error) error {
	e := refuse(err)
	switch {
	case errors.Is(err, ErrMethod):
		e.Header.Add("Allow", "GET")
	case errors.Is(err, ErrVersion):
		if list := s.numbers(); list != "" {
			e.Header.Add("Sec-WebSocket-Version", list)
		}
	}
	if !errors.Is(err, ErrNotUpgrade) {
		s.head.release()
	}
	s.err = e
	return e
}

// numbers returns the value of Sec-WebSocket-Version for a response: the numbers of
// the accepted versions that have one (RFC 6455, section 4.4).
func (s *Server) numbers() string {
	var list []string
	for _, d := range dialects {
		if d.number() != "" && s.speaks(d.version()) {
			list = append(list, d.number())
		}
	}
	return strings.Join(list, ", ")
}

// Request returns the client's request. It is complete once Feed or Offer has
// returned done. After an error it contains what was read before the error.
func (s *Server) Request() *Request { return &s.req }

// Buffered returns all bytes that were fed, if Feed has returned ErrNotUpgrade. The
// caller owns them.
func (s *Server) Buffered() []byte { return s.head.buf }

// AppendAccept appends the response that accepts the request to dst. It returns an
// error and dst unchanged if the request is not complete, if the client did not ask
// for the subprotocol or did not offer one of the extensions, or if a field of
// a.Header is invalid or is set by the handshake itself.
func (s *Server) AppendAccept(dst []byte, a Accept) ([]byte, error) {
	if !s.done {
		return dst, ErrNotDone
	}
	if a.Protocol != "" && !slices.Contains(s.req.Protocols, a.Protocol) {
		return dst, ErrProtocolNotOffered
	}
	if err := checkOffers(a.Extensions); err != nil {
		return dst, err
	}
	if err := checkOffered(a.Extensions, s.req.Extensions); err != nil {
		return dst, err
	}
	if err := checkOwn(a.Header); err != nil {
		return dst, err
	}
	return s.dialect.appendAccept(dst, &s.req, a, s.Secure), nil
}
