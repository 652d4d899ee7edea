package serve_test

import (
	"io"
	"net"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/handshake"
)

func TestFlashPolicy(t *testing.T) {
	t.Parallel()
	ask := func(address string) string {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		io.WriteString(c, handshake.FlashPolicyRequest)
		b, _ := io.ReadAll(c)
		return string(b)
	}
	host := func(s *clitest.Served) string { return strings.Trim(strings.TrimPrefix(s.URL(), "ws:"), "/") }

	s := clitest.StartServe(t)
	_, port, _ := net.SplitHostPort(host(s))
	if got := ask(host(s)); !strings.Contains(got, `domain="*" to-ports="`+port+`"`) {
		t.Errorf("the policy is %q", got)
	}
	if got := ask(host(clitest.StartServe(t, "--origin", "example.com"))); strings.Contains(got, "allow-access-from") {
		t.Errorf("with -origin the policy is %q", got)
	}
	s = clitest.StartServe(t, "--policy-listen", "127.0.0.1:0", "--policy-domain", "a.example", "--policy-port", "81,82")
	_, address, _ := strings.Cut(strings.Join(s.Lines, "\n"), "socket policy on ")
	address, _, _ = strings.Cut(address, "\n")
	if got := ask(address); !strings.Contains(got, `domain="a.example" to-ports="81,82"`) {
		t.Errorf("the policy is %q", got)
	}
}
