package dial

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

// withHint returns err, with which an opening handshake without TLS has failed.
// If the answer comes from a server that speaks TLS, the error says what to do.
func (a *Attempt) withHint(err error, answer []byte) error {
	if err == nil || a.to.Scheme != "ws" || !speaksTLS(err, answer) {
		return err
	}
	return fmt.Errorf("%w; the server speaks TLS there: use wss instead of ws", err)
}

// speaksTLS reports whether an answer is a TLS alert (RFC 8446, section 5.1), or
// an answer that servers give to plain requests on a port with TLS, which they
// name in the text.
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

// plainHint returns err, with which TLS has failed. If the server does not speak
// TLS, the error says what to do.
func plainHint(err error) error {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); !ok {
		return err
	}
	return &TLSError{fmt.Errorf("%w; the server does not speak TLS there: use ws instead of wss", errors.Unwrap(err))}
}
