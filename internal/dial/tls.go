//go:build !js

package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/airsocket/airsocket/internal/transport"
)

// tlsConfig returns a copy of base with the defaults for a connection to host.
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

// tlsClient performs the TLS handshake on conn, and closes conn if it fails.
func tlsClient(ctx context.Context, conn net.Conn, config *tls.Config) (net.Conn, error) {
	if config.Renegotiation == tls.RenegotiateNever {
		conn = transport.ForTLS(conn)
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, &TLSError{err}
	}
	return secure, nil
}

// secure performs the TLS handshake with the server on conn.
func (a *Attempt) secure(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config := tlsConfig(a.cfg.TLS, a.to.name())
	if !config.InsecureSkipVerify && a.BadCertificates != nil {
		if judge := a.BadCertificates(); judge != nil {
			judge.install(config)
		}
	}
	secure, err := tlsClient(ctx, conn, config)
	if err != nil {
		a.unwatch()
		return nil, plainHint(err)
	}
	return secure, nil
}

// plainHint returns err, the error of a TLS handshake. If the server does not speak
// TLS, it adds a hint to use ws.
func plainHint(err error) error {
	if _, ok := errors.AsType[tls.RecordHeaderError](err); !ok {
		return err
	}
	return &TLSError{fmt.Errorf("%w; the server does not use TLS on this port: use ws instead of wss", errors.Unwrap(err))}
}

// install makes config call accept where crypto/tls would reject a certificate. As
// crypto/tls has no hook at that point, the hook repeats its steps in the same order.
func (accept Judge) install(config *tls.Config) {
	verifyPeer, verifyConnection := config.VerifyPeerCertificate, config.VerifyConnection
	config.InsecureSkipVerify, config.VerifyPeerCertificate = true, nil
	config.VerifyConnection = func(state tls.ConnectionState) error {
		chains, err := verify(config, state.PeerCertificates)
		if err != nil && !accept(state.PeerCertificates, err) {
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

// verify verifies the certificates of a server as crypto/tls does.
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
