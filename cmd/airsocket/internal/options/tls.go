package options

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clientcert"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/inputfile"
)

// maxCertificates is the length of the longest file of -ca, in bytes.
const maxCertificates = 16 << 20

// certificates are the values of the flags for TLS.
type certificates struct {
	insecure      bool
	ca, cert, key string
}

// config returns a TLS configuration that verifies the server's certificate as -k and -ca
// say, and identifies the client as -cert and -key say.
func (f certificates) config(ask Ask) (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: f.insecure}
	if f.ca != "" {
		pem, err := inputfile.Read(f.ca, maxCertificates)
		if err != nil {
			return nil, fmt.Errorf("-ca: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New("-ca: there is no certificate in " + f.ca)
		}
	}
	if f.cert == "" {
		if f.key != "" {
			return nil, errors.New("-key is the key of a certificate; name that with -cert")
		}
		return c, nil
	}
	pair, err := clientcert.Load(f.cert, f.key, ask)
	if err != nil {
		return nil, err
	}
	c.Certificates = []tls.Certificate{pair}
	return c, nil
}
