package airsocket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/buffers"
)

// reject is for a connection that will not be a WebSocket.
//
//go:noinline
func (s *Socket) reject(a *serverHandshake, err error) {
	s.sender.conn.GiveTime()
	switch srv := s.server; {
	case srv != nil && srv.http != nil && errors.Is(err, handshake.ErrNotUpgrade):
		s.endQuietly()
		srv.http.give(s.sender.conn.NetConn(), a.hs.Buffered())
	case srv != nil && srv.FlashPolicy != nil && errors.Is(err, handshake.ErrFlashPolicyRequest):
		s.sender.conn.Write(srv.FlashPolicy.AppendTo(nil))
		s.endQuietly()
		s.sender.conn.Close()
	default:
		s.refuse(a, err)
	}
}

// endQuietly ends a Socket of a Server that OnConnect has not been told of.
func (s *Socket) endQuietly() {
	s.server.forget(s)
	s.withdraw()
}

// refuse answers a request that is not accepted, and ends the Socket.
func (s *Socket) refuse(a *serverHandshake, err error) {
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		b := buffers.Get(512)
		s.sender.conn.Write(a.hs.AppendReject(b.B, he))
		buffers.Put(b)
		s.sender.conn.Linger()
	} else {
		answerPlain(err)
	}
	s.failOpening(err)
}

// errPlain is the response to a request without TLS on a connection that requires
// it, as in net/http.
var errPlain = &handshake.Error{Status: http.StatusBadRequest, Reason: "this port speaks TLS: use wss instead of ws, or https instead of http"}

// answerPlain answers a client that has made a request without TLS, if that is what
// err says. The rest of a short request has been read together with its beginning:
// what is left unread of a longer one may reset the connection, and the answer with
// it.
//
//go:noinline
func answerPlain(err error) {
	plain, ok := errors.AsType[tls.RecordHeaderError](err)
	if ok && plain.Conn != nil && bytes.Equal(plain.RecordHeader[:], []byte("GET /")) {
		var hs handshake.Server
		plain.Conn.Write(hs.AppendReject(nil, errPlain))
	}
}
