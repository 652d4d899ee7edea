package connect_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clientcert"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

const (
	clientCert = "../clientcert/testdata/cert.pem"
	clientKey  = "../clientcert/testdata/aes256.pem" // the passphrase is secret
)

// startMutual starts a server with crypto/tls that wants the certificate clientCert.
func startMutual(t *testing.T) (url string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{{127, 0, 0, 1}}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	clients := x509.NewCertPool()
	pem, err := os.ReadFile(clientCert)
	if err != nil || !clients.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	config := &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: clients,
	}
	return "wss://" + clitest.Listen(t, func(raw net.Conn) {
		c := tls.Server(raw, config)
		clitest.AcceptRaw(c)
		io.WriteString(c, "\x81\x02hi\x88\x02\x03\xe8")
		c.CloseWrite()
		io.Copy(io.Discard, c)
	})
}

// plainKey returns the name of a file with the key of clientKey without encryption, and
// without and with the certificate.
func plainKey(t *testing.T) (key, both string) {
	t.Helper()
	pair, err := clientcert.Load(clientCert, clientKey, func(string) (string, error) { return "secret", nil })
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	key = clitest.WritePEM(t, "PRIVATE KEY", der)
	text, _ := os.ReadFile(key)
	cert, _ := os.ReadFile(clientCert)
	return key, write(t, string(cert)+string(text))
}

func TestClientCertificate(t *testing.T) {
	t.Parallel()
	url := startMutual(t)
	key, both := plainKey(t)
	for _, flags := range []string{"-cert " + clientCert + " -key " + key, "-cert " + both} {
		r := connectWith(t, "", url, "-k -wait forever "+flags)
		if r.Want(t, exit.OK, ""); r.Stdout != "hi\n" {
			t.Errorf("%s: stdout is %q", flags, r.Stdout)
		}
	}
	connectWith(t, "", url, "-k").Want(t, exit.TLS, "certificate")
	connectWith(t, "", url, "-key "+key).Want(t, exit.Usage, "-key is the key of a certificate; name that with -cert")
	other := strings.Replace(clientKey, "aes256", "legacy", 1)
	connectWith(t, "", url, "-cert "+clientCert+" -key "+other).Want(t, exit.Usage, "openssl pkcs8 -topk8")
}
