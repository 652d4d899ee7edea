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

// Server is the server's side of one opening handshake. The zero value is ready
// to use. It is fed what the client sends, or, where an HTTP server has read the
// request already, is given that by Offer; then it appends the answer. It is for
// one handshake and one goroutine.
type Server struct {
	Versions []wire.Version // that are spoken; nil means all
	MaxHead  int            // bytes of a request's head; 0 means DefaultMaxHead, negative no bound
	MaxLines int            // lines of a request's head; 0 means DefaultMaxLines, negative no bound
	Secure   bool           // the connection is TLS, as hixie's answers have to say

	req     Request
	head    head
	dialect dialect // nil until the head has been read
	err     error   // why the handshake failed
	done    bool

	method, target int // lengths of the parts of the request line
	policy         int // how much of a PolicyRequest has come
	tail           [8]byte
	tailLen        int
}

// Accept is what a server agrees to.
type Accept struct {
	Protocol   string             // one that was asked for, or "" for none
	Extensions []extensions.Offer // answers to what was offered
	Header     Header             // further fields, such as Set-Cookie
}

// Feed reads what the client sent. It is done when the whole handshake has
// come; rest is the part of p that follows it then. It keeps nothing of p.
//
// An error is an *Error with what to answer, and stays. Three are no faults:
// after ErrNotUpgrade the request is some other HTTP request and Buffered
// returns it, ErrPolicyRequest wants a Policy, and ErrVersion tells the client
// which versions it may try.
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

// readRequest reads the head of a request. Its parts follow each other rather
// than call each other, as they run on a stack that should not have to grow.
func (s *Server) readRequest(p []byte) (rest []byte, err error) {
	had := len(s.head.buf)
	if s.policy > 0 || had == 0 && len(p) > 0 && p[0] == PolicyRequest[0] {
		return nil, s.readPolicyRequest(p)
	}
	text, rest, err := s.head.feed(p, newLimits(s.MaxHead, s.MaxLines), s.readRequestLine)
	if text == nil {
		return nil, err
	}
	proto, err := s.parse(string(text))
	if err == nil {
		err = s.choose(proto)
	}
	if err != nil && errors.Is(err, ErrNotUpgrade) {
		s.head.buf = append(s.head.buf[:had], p...)
	}
	return rest, err
}

func (s *Server) readPolicyRequest(p []byte) error {
	for _, c := range p {
		if c != PolicyRequest[s.policy] {
			return ErrNotHTTP
		}
		if s.policy++; s.policy == len(PolicyRequest) {
			return ErrPolicyRequest
		}
	}
	return nil
}

// readRequestLine tests the request line as soon as there is something of it, so
// that a client which speaks another protocol is told at once.
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

// version is the index of the HTTP version in the request line.
func (s *Server) version() int { return s.method + len(" ") + s.target + len(" ") }

// parse reads a whole head, whose first line has been tested. It returns the
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

// choose finds the dialect that speaks the request.
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

func (s *Server) speaks(v wire.Version) bool {
	return s.Versions == nil || slices.Contains(s.Versions, v)
}

// unspoken is the error for a version that Versions leave out. What speaks of no
// version is hixie-75 in form, but hardly ever in fact.
func unspoken(d dialect) error {
	if d == (hixie75{}) {
		return fmt.Errorf("%w: there is no Sec-WebSocket-Version field, as in hixie-75, which the server's option Versions leaves out", ErrVersion)
	}
	return fmt.Errorf("%w: %v, which the server's option Versions leaves out", ErrVersion, d.version())
}

// readTail takes what belongs to the handshake after the head and returns what
// does not.
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

// Offer gives the Server a request that net/http has read: its Method,
// RequestURI, Proto, Host and Header. In hixie-76 eight more bytes follow the
// request, which come by Feed; done is false then. The error is as for Feed.
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
	if err = s.choose(proto); err != nil {
		return false, s.fail(err)
	}
	s.readTail(nil)
	return s.done, nil
}

// fail makes the error an *Error and keeps it.
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

// numbers lists the versions that are spoken and have a number (RFC 6455,
// section 4.4).
func (s *Server) numbers() string {
	var list []string
	for _, d := range dialects {
		if d.number() != "" && s.speaks(d.version()) {
			list = append(list, d.number())
		}
	}
	return strings.Join(list, ", ")
}

// Request is what the client asked for. It is complete when Feed or Offer is
// done; after an error it has what had been read by then.
func (s *Server) Request() *Request { return &s.req }

// Buffered is all that was fed, after ErrNotUpgrade from Feed. It is the
// caller's then.
func (s *Server) Buffered() []byte { return s.head.buf }

// AppendAccept appends the answer that opens the connection. It fails, and
// appends nothing, if the request has not been read, if the subprotocol or an
// extension is none of those in it, or if a field of the Header cannot be sent
// or is the handshake's own.
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
