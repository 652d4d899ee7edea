package interop

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// If a version is listed here for only one role, the package does not speak it
// in the other.
func TestInteropNode(t *testing.T) {
	ws, ws1, websocket := node("ws.js", "ws"), node("ws-1.js", "ws-1"), node("websocket.js", "websocket")
	faye, faye01 := node("faye.js", "faye-websocket"), node("faye-0.1.js", "faye-websocket-0.1")
	version8 := map[string]any{"version": 8}

	for name, p := range map[string]peer{
		"ws-8/server/hybi-13": {implementation: ws, role: "server", version: wire.Hybi13, picks: "b", fragments: true, refuses: true},
		"ws-8/client/hybi-13": {implementation: ws, role: "client", version: wire.Hybi13, picks: "b", fragments: true},

		"ws-1/server/hixie-76": {implementation: ws1, role: "server", version: wire.Hixie76, unmarked: true, refuses: true, terse: true},
		"ws-1/server/hybi-08":  {implementation: ws1, role: "server", version: wire.Hybi08, picks: "a", fragments: true, refuses: true, terse: true},
		"ws-1/server/hybi-13":  {implementation: ws1, role: "server", version: wire.Hybi13, picks: "a", fragments: true, refuses: true, terse: true},
		"ws-1/client/hybi-08":  {implementation: ws1, role: "client", version: wire.Hybi08, options: version8, picks: "b", fragments: true},
		"ws-1/client/hybi-13":  {implementation: ws1, role: "client", version: wire.Hybi13, options: map[string]any{"version": 13}, picks: "b", fragments: true},

		"websocket/server/hybi-08": {implementation: websocket, role: "server", version: wire.Hybi08, picks: "b", fragments: true, refuses: true, terse: true},
		"websocket/server/hybi-13": {implementation: websocket, role: "server", version: wire.Hybi13, picks: "b", fragments: true, refuses: true, terse: true},
		"websocket/client/hybi-08": {implementation: websocket, role: "client", version: wire.Hybi08, options: version8, picks: "b", fragments: true},
		"websocket/client/hybi-13": {implementation: websocket, role: "client", version: wire.Hybi13, picks: "b", fragments: true},

		"faye/server/hixie-75": {implementation: faye, role: "server", version: wire.Hixie75, unmarked: true, refuses: true},
		"faye/server/hixie-76": {implementation: faye, role: "server", version: wire.Hixie76, unmarked: true, refuses: true},
		"faye/server/hybi-13":  {implementation: faye, role: "server", version: wire.Hybi13, picks: "b", quietPing: true, refuses: true},
		"faye/client/hybi-13":  {implementation: faye, role: "client", version: wire.Hybi13, picks: "b", quietPing: true, quietBody: true},

		// A release of 2011, which does not report pongs, takes FF 00 for the
		// beginning of a text, and does not send FF 00.
		"faye-0.1/server/hixie-75": {implementation: faye01, role: "server", version: wire.Hixie75, unmarked: true},
		"faye-0.1/server/hixie-76": {implementation: faye01, role: "server", version: wire.Hixie76, unmarked: true, deaf: true, hangsUp: true},
		"faye-0.1/server/hybi-08":  {implementation: faye01, role: "server", version: wire.Hybi08, noPing: true, quietPing: true},
		"faye-0.1/server/hybi-13":  {implementation: faye01, role: "server", version: wire.Hybi13, noPing: true, quietPing: true},
	} {
		t.Run(name, p.test)
	}
}

// TestInteropNodeTLS uses wss, with either side as the server.
func TestInteropNodeTLS(t *testing.T) {
	p := peer{implementation: node("ws.js", "ws"), role: "server", version: wire.Hybi13}
	p.look(t)
	certificate := selfSigned(t)
	p.options = writeCertificate(t, certificate)
	c := &setup{}
	c.ours.TLS = &tls.Config{RootCAs: x509.NewCertPool()}
	leaf, err := x509.ParseCertificate(certificate.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	c.ours.TLS.RootCAs.AddCert(leaf)
	t.Run("server", func(t *testing.T) { p.testTLS(t, c) })
	t.Run("server not trusted", func(t *testing.T) {
		us, _ := p.connect(t, &setup{ours: airsocket.Options{TLS: &tls.Config{}}})
		var unknown x509.UnknownAuthorityError
		if r := us.want("error"); !errors.As(r.err, &unknown) {
			t.Errorf("our side reports %v, want %T", r, unknown)
		}
	})

	p = peer{implementation: p.implementation, role: "client", version: wire.Hybi13}
	t.Run("client", func(t *testing.T) {
		p.testTLS(t, &setup{serve: func(srv *airsocket.Server) {
			srv.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		}})
	})
}

func (p peer) testTLS(t *testing.T, c *setup) {
	us, them := p.connect(t, c)
	us.want("open")
	them.want("open")
	p.exchangeMessages(t, us, them)
	us.do(sendClose(3001, "enough"))
	if r := us.want("close"); !r.clean || r.Code != 3001 {
		t.Errorf("our side reports %v, clean: %v, want 3001, clean", r, r.clean)
	}
	if r := them.want("close"); r.Code != 3001 || r.Reason != "enough" {
		t.Errorf("%s reports %v, want 3001", them.name, r)
	}
}

// writeCertificate writes a certificate and its key to files, and returns the
// peer's options cert and key.
func writeCertificate(t *testing.T, c tls.Certificate) map[string]any {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	options := make(map[string]any)
	for name, block := range map[string]*pem.Block{
		"cert": {Type: "CERTIFICATE", Bytes: c.Certificate[0]},
		"key":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		options[name] = file
	}
	return options
}
