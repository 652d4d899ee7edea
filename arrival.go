package airsocket

import (
	"sync"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/proxyproto"
	"github.com/airsocket/airsocket/internal/transport"
)

// An arrival is a connection to a server that is not open yet, and its Reader until then.
// It is small, because a client may send nothing for as long as the handshake may take:
// the serverHandshake is made when the request begins to arrive.
type arrival struct {
	s        *Socket
	srv      *Server // nil if the program has started s itself
	shaking  *serverHandshake
	deadline transport.Deadline
	proxied  *proxyproto.Parser // of the header that a proxy sends first; nil without one
	refused  *handshake.Error   // why the request will be refused, such as MaxConns; nil if it will not
	secure   bool               // the connection uses TLS
}

// arrivals are reused for the same reason as serverHandshakes.
var arrivals = sync.Pool{New: func() any { return new(arrival) }}

func newArrival(s *Socket, srv *Server, secure bool) *arrival {
	r := arrivals.Get().(*arrival)
	r.s, r.srv, r.secure = s, srv, secure
	return r
}

// recycle returns r to the pool. Its connection must have another Reader.
func (r *arrival) recycle() {
	*r = arrival{}
	arrivals.Put(r)
}

// handshake returns the serverHandshake of r, which it makes if there is none.
func (r *arrival) handshake() *serverHandshake {
	if r.shaking == nil {
		a, opts := serverHandshakes.Get().(*serverHandshake), r.s.opts
		a.arrival, a.unopened = r, &a.under
		a.hs.Versions, a.hs.MaxHead, a.hs.MaxLines, a.hs.Secure = opts.versions, opts.MaxHead, opts.MaxHeadLines, r.secure
		if r.srv != nil && r.srv.http != nil {
			a.hs.PassOn = r.srv.PassOn
		}
		r.shaking = a
	}
	return r.shaking
}

// start starts the handshake.
func (r *arrival) start() {
	s, a := r.s, r.shaking
	s.opts.deadlines.Set(&r.deadline, &s.sender.conn, s.opts.handshakeTimeout)
	s.sender.conn.Start(r, a != nil && (a.offered || len(a.read) > 0))
}

// Readable goes on with the handshake. When it is done the Socket becomes the Reader.
func (r *arrival) Readable() transport.Next {
	return r.handshake().goOn()
}

// Space returns nil, as requests are short.
func (r *arrival) Space() []byte { return nil }

// Ended finishes the Socket of a handshake that a handler has not let come to an end.
func (r *arrival) Ended() {
	s := r.s
	s.opts.deadlines.Clear(&r.deadline, &s.sender.conn, s.opts.handshakeTimeout)
	if a := r.shaking; a != nil {
		a.stopWait()
		if a.asked != nil { // too late, as s may soon have another connection
			a.asked.refuse(errNotAnswered)
			a.asked.stopTimer()
		}
	}
	s.finish()
}
