package airsocket

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

// errPlain answers a request without TLS on a connection that is to have it, as
// net/http does.
var errPlain = &handshake.Error{Status: http.StatusBadRequest, Reason: "this port speaks TLS: use wss instead of ws, or https instead of http"}

// withHint is err, with which an opening handshake without TLS has failed, and
// what to do about it if the answer is of a server that speaks TLS.
func (d *dial) withHint(err error, answer []byte) error {
	if err == nil || d.to.Scheme != "ws" || !speaksTLS(err, answer) {
		return err
	}
	return fmt.Errorf("%w; the server speaks TLS there: use wss instead of ws", err)
}

// speaksTLS reports whether an answer is a TLS alert (RFC 8446, section 5.1), or
// one of those that servers give to plain requests on a port with TLS, which
// name it in their texts.
func speaksTLS(err error, answer []byte) bool {
	if errors.Is(err, handshake.ErrNotHTTP) {
		return bytes.HasPrefix(answer, []byte{21, 3})
	}
	refusal, ok := errors.AsType[*handshake.Error](err)
	if !ok || refusal.Status != http.StatusBadRequest {
		return false
	}
	body := bytes.ToLower(refusal.Body)
	return bytes.Contains(body, []byte("https")) || bytes.Contains(body, []byte("ssl-enabled"))
}

// plainHint is why TLS has failed with err, with what to do about it if the
// server does not speak TLS.
func plainHint(err error) error {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); !ok {
		return err
	}
	return &TLSError{fmt.Errorf("%w; the server does not speak TLS there: use ws instead of wss", errors.Unwrap(err))}
}

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
