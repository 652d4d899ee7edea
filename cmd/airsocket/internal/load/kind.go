package load

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/escape"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// kind returns a text for err that is the same for all connections which fail in the same
// way: without the addresses, ports and numbers of one of them. status is the HTTP status of
// a refusal, or 0.
func kind(err error, status int) string {
	text := exit.Text(err)
	if status != 0 {
		text = strings.TrimSpace(fmt.Sprintf("status %d %s", status, http.StatusText(status)))
	} else if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		text = "TLS: " + certificate.Err.Error()
	} else if op, ok := errors.AsType[*net.OpError](err); ok {
		text = innermost(op)
	} else if dns, ok := errors.AsType[*net.DNSError](err); ok {
		text = dns.Err
	}
	for _, pkg := range []string{"wire: ", "handshake: "} {
		text = strings.TrimPrefix(text, pkg)
	}
	const longest = 120
	text = escape.Text(text)
	if runes := []rune(text); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return text
}

// reason returns err, or what lies behind it if err says that accepted messages were not sent:
// that some were left is a consequence, and not why the connection ended. It returns nil if
// only the close event says why.
func reason(err error) error {
	joined, ok := errors.AsType[interface {
		error
		Unwrap() []error
	}](err)
	if !ok || !errors.Is(err, airsocket.ErrUnsent) {
		return err
	}
	for _, e := range joined.Unwrap() {
		if e != nil && e != airsocket.ErrUnsent {
			return e
		}
	}
	return nil
}

// ofNetwork reports whether err may only be how the network told that the server has closed
// the connection.
func ofNetwork(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return err == nil || ok && !e.Timeout()
}

// innermost returns the reason of a network error without its addresses.
func innermost(op *net.OpError) string {
	if dns, ok := errors.AsType[*net.DNSError](op.Err); ok {
		return dns.Err
	}
	if call, ok := errors.AsType[*os.SyscallError](op.Err); ok {
		return call.Err.Error()
	}
	if op.Timeout() {
		return op.Op + ": timeout"
	}
	return op.Err.Error()
}

// earlyClose returns the kind of a close before the end of the test.
func earlyClose(e *airsocket.CloseEvent) string {
	return fmt.Sprintf("closed by the server with code %d", e.Code)
}
