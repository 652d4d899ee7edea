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

// configs returns TLS configurations that verify certificates as -k and -ca say. That for
// the server identifies the client as -cert and -key say.
func (f certificates) configs(ask Ask) (server, proxy *tls.Config, err error) {
	server = &tls.Config{InsecureSkipVerify: f.insecure}
	if f.ca != "" {
		pem, err := inputfile.Read(f.ca, maxCertificates)
		if err != nil {
			return nil, nil, fmt.Errorf("-ca: %w", err)
		}
		server.RootCAs = x509.NewCertPool()
		if !server.RootCAs.AppendCertsFromPEM(pem) {
			return nil, nil, errors.New("-ca: there is no certificate in " + f.ca)
		}
	}
	proxy = server.Clone()
	if f.cert == "" {
		if f.key != "" {
			return nil, nil, errors.New("-key is the key of a certificate; name that with -cert")
		}
		return server, proxy, nil
	}
	pair, err := clientcert.Load(f.cert, f.key, ask)
	if err != nil {
		return nil, nil, err
	}
	server.Certificates = []tls.Certificate{pair}
	return server, proxy, nil
}
