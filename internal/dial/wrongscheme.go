package dial

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"

	"github.com/airsocket/airsocket/handshake"
)

// withHint returns err, the error of an opening handshake. If the URL is ws and the
// response comes from a server that expects TLS, it adds a hint to use wss.
func (a *Attempt) withHint(err error, answer []byte) error {
	if err == nil || a.to.Scheme != "ws" || !speaksTLS(err, answer) {
		return err
	}
	return fmt.Errorf("%w; the server expects TLS on this port: use wss instead of ws", err)
}

// speaksTLS reports whether a response is a TLS alert (RFC 8446, section 5.1), or a
// response that servers give to requests without TLS on a TLS port: status 400, with
// a text that mentions TLS.
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
