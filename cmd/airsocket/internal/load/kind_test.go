package load_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
)

// The kind of an error has nothing that differs between connections which fail in the same
// way.
func TestKind(t *testing.T) {
	t.Parallel()
	local, remote := &net.TCPAddr{Port: 40001}, &net.TCPAddr{Port: 80}
	for _, test := range []struct {
		err    error
		status int
		want   string
	}{
		{&net.OpError{Op: "read", Net: "tcp", Source: local, Addr: remote, Err: os.NewSyscallError("read", syscall.ECONNRESET)}, 0, "connection reset by peer"},
		{fmt.Errorf("airsocket: 7 bytes of accepted messages were not sent: %w", errors.Join(airsocket.ErrUnsent, &net.OpError{Op: "write", Source: local, Err: os.NewSyscallError("write", syscall.EPIPE)})), 0, "broken pipe"},
		{&net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "a", Server: "127.0.0.1:53"}}, 0, "no such host"},
		{&net.DNSError{Err: "no such host", Name: "a"}, 0, "no such host"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: remote, Err: os.ErrDeadlineExceeded}, 0, "dial: timeout"},
		{&net.OpError{Op: "dial", Net: "tcp", Addr: remote, Err: errors.New("refused by the test")}, 0, "refused by the test"},
		{&airsocket.TLSError{Err: &tls.CertificateVerificationError{Err: errors.New("it is old")}}, 0, "TLS: it is old"},
		{errors.New("whatever"), 503, "status 503 Service Unavailable"},
		{errors.New("whatever"), 799, "status 799"},
		{airsocket.ErrPongTimeout, 0, "a ping was not answered: i/o timeout"},
		{errors.New("wire: a\nb"), 0, `a\nb`},
	} {
		if got := load.Kind(test.err, test.status); got != test.want {
			t.Errorf("%v is of the kind %q, want %q", test.err, got, test.want)
		}
	}
}
