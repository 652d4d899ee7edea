// Package clientcert reads the certificate with which a client identifies itself, and its
// private key, which may be encrypted.
package clientcert

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/inputfile"
)

// maxFile is the length of the longest file that is read.
const maxFile = 1 << 20

// Load returns the certificate in the file cert, with the certificates that follow it
// there, and its private key in the file key; if key is empty, it is in the file cert. Both
// are PEM. If the key is encrypted, Load calls ask for its passphrase.
func Load(cert, key string, ask func(prompt string) (string, error)) (tls.Certificate, error) {
	certs, err := inputfile.Read(cert, maxFile)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("-cert: %w", err)
	}
	if !bytes.Contains(certs, []byte("-----BEGIN CERTIFICATE-----")) {
		return tls.Certificate{}, fmt.Errorf("-cert: there is no certificate in PEM in %s; "+
			"for PKCS #12: openssl pkcs12 -in FILE.p12 -out FILE.pem", cert)
	}
	name, flag, keys := cert, "-cert", certs
	if key != "" {
		name, flag = key, "-key"
		if keys, err = inputfile.Read(key, maxFile); err != nil {
			return tls.Certificate{}, fmt.Errorf("-key: %w", err)
		}
	}
	block, err := privateKey(keys)
	if errors.Is(err, errNoKey) && key == "" {
		return tls.Certificate{}, fmt.Errorf("-cert: there is no private key in %s; name its file with -key", cert)
	}
	if err == nil && block.Type == encryptedKey {
		block, err = unlock(block, func() (string, error) { return ask("passphrase of " + name + ": ") })
	}
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s: %s: %w", flag, name, err)
	}
	pair, err := tls.X509KeyPair(certs, pem.EncodeToMemory(block))
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s: %s: %s", flag, name, strings.TrimPrefix(err.Error(), "tls: "))
	}
	return pair, nil
}

const encryptedKey = "ENCRYPTED PRIVATE KEY"

var errNoKey = errors.New("there is no private key in PEM")

// privateKey returns the first private key in data.
func privateKey(data []byte) (*pem.Block, error) {
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			return nil, errNoKey
		}
		if block.Type != "PRIVATE KEY" && !strings.HasSuffix(block.Type, " PRIVATE KEY") {
			continue
		}
		// This old encryption derives its key with a single round of MD5.
		if strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, errors.New("the key has the old encryption of PEM; convert it: openssl pkcs8 -topk8 -in OLD -out NEW")
		}
		return block, nil
	}
}
