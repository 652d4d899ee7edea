package airsocket

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
)

// A TLSError is why TLS could not be set up for a wss URL, or with an https
// proxy.
type TLSError struct{ Err error }

// Error has what crypto/tls says.
func (e *TLSError) Error() string { return "airsocket: TLS: " + e.Err.Error() }

// Unwrap is the error of crypto/tls or crypto/x509.
func (e *TLSError) Unwrap() error { return e.Err }

// tlsConfig is base for a connection to host.
func tlsConfig(base *tls.Config, host string) *tls.Config {
	config := base.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	if config.ServerName == "" {
		config.ServerName = host
	}
	if config.NextProtos == nil {
		config.NextProtos = []string{"http/1.1"}
	}
	return config
}

// tlsClient has the TLS handshake on conn, which it closes if that fails.
func tlsClient(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, &TLSError{err}
	}
	return secure, nil
}

// secure has the TLS handshake with the server.
func (s *Socket) secure(d *dial, conn net.Conn) (net.Conn, error) {
	config := tlsConfig(d.set.TLS, d.to.name())
	if !config.InsecureSkipVerify && s.judgesCertificates() {
		s.letJudge(d, config)
	}
	secure, err := tlsClient(d.ctx, conn, config)
	if err != nil {
		d.unwatch()
		return nil, plainHint(err)
	}
	return secure, nil
}

// judgesCertificates reports whether there is a handler for certificate errors.
func (s *Socket) judgesCertificates() (yes bool) {
	s.disp.do(func() {
		yes = s.rarely().cert != nil || s.HasEventListener(string(EventCertificateError))
	})
	return yes
}

// letJudge makes config ask the handlers where crypto/tls would refuse a
// certificate. There is no hook at that place, so that what it does by itself is
// done here, in the order in which it does it.
func (s *Socket) letJudge(d *dial, config *tls.Config) {
	verifyPeer, verifyConnection := config.VerifyPeerCertificate, config.VerifyConnection
	config.InsecureSkipVerify, config.VerifyPeerCertificate = true, nil
	config.VerifyConnection = func(state tls.ConnectionState) error {
		chains, err := verify(config, state.PeerCertificates)
		if err != nil && !s.acceptsCertificate(d, state.PeerCertificates, err) {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		state.VerifiedChains = chains
		if verifyPeer != nil && !state.DidResume {
			if err := verifyPeer(rawCertificates(state.PeerCertificates), chains); err != nil {
				return err
			}
		}
		if verifyConnection != nil {
			return verifyConnection(state)
		}
		return nil
	}
}

// verify is how crypto/tls verifies the certificates of a server.
func verify(config *tls.Config, certs []*x509.Certificate) ([][]*x509.Certificate, error) {
	opts := x509.VerifyOptions{Roots: config.RootCAs, DNSName: config.ServerName, Intermediates: x509.NewCertPool()}
	if config.Time != nil {
		opts.CurrentTime = config.Time()
	}
	for _, cert := range certs[1:] {
		opts.Intermediates.AddCert(cert)
	}
	return certs[0].Verify(opts)
}

func rawCertificates(certs []*x509.Certificate) [][]byte {
	raw := make([][]byte, len(certs))
	for i, cert := range certs {
		raw[i] = cert.Raw
	}
	return raw
}

// acceptsCertificate asks the handlers, unless the attempt has ended.
func (s *Socket) acceptsCertificate(d *dial, chain []*x509.Certificate, reason error) bool {
	e := &CertificateErrorEvent{target: target{s}, Chain: chain, Err: reason}
	s.do(certificateTurn, func() {
		if d.ctx.Err() == nil {
			emit(s, s.rarely().cert, e)
		}
	})
	return e.prevented && s.cause() == nil // a handler may have called Close, or panicked
}
