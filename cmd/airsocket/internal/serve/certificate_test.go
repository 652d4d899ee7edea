package serve_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve"
)

func TestServeSelfSigned(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--tls-self-signed")
	if !strings.HasPrefix(s.URL(), "wss://") || !strings.Contains(s.Lines[1], "https://") {
		t.Errorf("stdout is %q", s.Lines)
	}
	clitest.Execute(t, nil, "connect", s.URL(), "-x", "a").Want(t, exit.TLS, "certificate")
	r := clitest.Execute(t, nil, "connect", s.URL(), "-k", "-x", "a")
	if r.Want(t, exit.OK, ""); r.Stdout != "a\n" {
		t.Errorf("got %q", r.Stdout)
	}

	c, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.URL(), "wss:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	der := c.ConnectionState().PeerCertificates[0].Raw
	want := fmt.Sprintf("certificate SHA-256 %s", strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(der)), " ", ":"))
	if s.Lines[2] != want {
		t.Errorf("printed %q, want %q", s.Lines[2], want)
	}
	ca := clitest.WritePEM(t, "CERTIFICATE", der)
	clitest.Execute(t, nil, "connect", s.URL(), "--ca", ca, "-x", "a").Want(t, exit.OK, "")
	clitest.Execute(t, nil, "connect", strings.Replace(s.URL(), "127.0.0.1", "localhost", 1), "--ca", ca, "-x", "a").Want(t, exit.OK, "")

	other, _, err := serve.SelfSignedCertificate(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	clitest.Execute(t, nil, "connect", s.URL(), "--ca", clitest.WritePEM(t, "CERTIFICATE", other.Certificate[0]), "-x", "a").Want(t, exit.TLS, "")
}

func TestServeWithCertificate(t *testing.T) {
	t.Parallel()
	pair, _, err := serve.SelfSignedCertificate([]string{"192.0.2.1:1", "ws.example:1", ":1"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1", "::1", "192.0.2.1", "ws.example"} {
		if err := leaf.VerifyHostname(name); err != nil {
			t.Error(err)
		}
	}
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := clitest.WritePEM(t, "CERTIFICATE", pair.Certificate[0])
	s := clitest.StartServe(t, "--tls-cert", cert, "--tls-key", clitest.WritePEM(t, "PRIVATE KEY", key))
	clitest.Execute(t, nil, "connect", s.URL(), "--ca", cert, "-x", "a").Want(t, exit.OK, "")
}
