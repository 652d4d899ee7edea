package main

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestServeSelfSigned(t *testing.T) {
	t.Parallel()
	s := startServe(t, "--tls-self-signed")
	if !strings.HasPrefix(s.url(), "wss://") || !strings.Contains(s.lines[1], "https://") {
		t.Errorf("stdout is %q", s.lines)
	}
	command(t, nil, "connect", s.url(), "-x", "a").want(t, exitTLS, "certificate")
	r := command(t, nil, "connect", s.url(), "-k", "-x", "a")
	if r.want(t, exitOK, ""); r.stdout != "a\n" {
		t.Errorf("got %q", r.stdout)
	}

	c, err := tls.Dial("tcp", strings.Trim(strings.TrimPrefix(s.url(), "wss:"), "/"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	der := c.ConnectionState().PeerCertificates[0].Raw
	want := fmt.Sprintf("certificate SHA-256 %s", strings.ReplaceAll(fmt.Sprintf("% X", sha256.Sum256(der)), " ", ":"))
	if s.lines[2] != want {
		t.Errorf("printed %q, want %q", s.lines[2], want)
	}
	ca := writePEM(t, "CERTIFICATE", der)
	command(t, nil, "connect", s.url(), "--ca", ca, "-x", "a").want(t, exitOK, "")
	command(t, nil, "connect", strings.Replace(s.url(), "127.0.0.1", "localhost", 1), "--ca", ca, "-x", "a").want(t, exitOK, "")

	other, _, err := selfSignedCertificate(nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	command(t, nil, "connect", s.url(), "--ca", writePEM(t, "CERTIFICATE", other.Certificate[0]), "-x", "a").want(t, exitTLS, "")
}

func TestServeWithCertificate(t *testing.T) {
	t.Parallel()
	pair, _, err := selfSignedCertificate([]string{"192.0.2.1:1", "ws.example:1", ":1"}, time.Now())
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
	cert := writePEM(t, "CERTIFICATE", pair.Certificate[0])
	s := startServe(t, "--tls-cert", cert, "--tls-key", writePEM(t, "PRIVATE KEY", key))
	command(t, nil, "connect", s.url(), "--ca", cert, "-x", "a").want(t, exitOK, "")
}

func writePEM(t *testing.T, kind string, der []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
