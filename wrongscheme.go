package airsocket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

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
