package airsocket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

// errPlain answers a request without TLS on a connection that is to have it, as
// net/http does.
var errPlain = &handshake.Error{Status: http.StatusBadRequest, Reason: "this port speaks TLS: use wss instead of ws, or https instead of http"}

// answerPlain answers a client that has made a request without TLS, if that is
// what err says. The rest of its request has been read with the beginning.
//
//go:noinline
func answerPlain(err error) {
	plain, ok := errors.AsType[tls.RecordHeaderError](err)
	if ok && plain.Conn != nil && bytes.Equal(plain.RecordHeader[:], []byte("GET /")) {
		var hs handshake.Server
		plain.Conn.Write(hs.AppendReject(nil, errPlain))
	}
}
