package options

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/extensions"
)

// A Client is what flags say of a connection to a server.
type Client struct {
	URL       string
	Protocols []string
	Options   airsocket.Options

	fields             command.Repeated
	insecure, compress bool
	ca                 string
	version            version
}

// NewClient returns a Client with the values of flags, which it adds to fs. It is to be
// used after a call of Resolve.
func NewClient(fs *flag.FlagSet) *Client {
	c := &Client{version: "13"}
	o := &c.Options
	fs.Var(&c.fields, "H", "send the header field `NAME:VALUE` with the request (repeatable)")
	fs.Var((*command.List)(&c.Protocols), "subprotocol", "ask for the subprotocol `NAME` (repeatable, in order of preference)")
	fs.StringVar(&o.Origin, "origin", "", "send `ORIGIN` in the Origin field of the request")
	fs.BoolVar(&c.insecure, "k", false, "accept any server certificate")
	fs.StringVar(&c.ca, "ca", "", "trust the certificates in `FILE` (PEM) instead of the system's")
	fs.Var(&c.version, "version", "speak `VERSION` of the protocol: "+VersionHelp)
	fs.BoolVar(&c.compress, "compress", false, "offer permessage-deflate")
	fs.BoolVar(&o.DeflateStream, "deflate-stream", false, "offer deflate-stream, in the versions that have it")
	fs.IntVar(&o.MaxMessage, "max-message", 16<<20, "do not receive messages, or send lines, longer than `BYTES`;\nnegative: no limit")
	o.HandshakeTimeout = 30 * time.Second
	fs.Var((*command.Seconds)(&o.HandshakeTimeout), "timeout", "give up when opening or closing takes longer than `TIME`; negative: no limit")
	return c
}

// Resolve checks the values of the flags, and sets what follows from them. The scheme of
// url may be missing.
func (c *Client) Resolve(url string) (err error) {
	o := &c.Options
	c.URL = CompleteURL(url)
	if o.HandshakeTimeout == 0 {
		return errors.New("-timeout is 0; for no limit give a negative number")
	}
	o.CloseTimeout = o.HandshakeTimeout
	if err := SetMaxMessage(o); err != nil {
		return err
	}
	if c.compress {
		o.Extensions = []extensions.Extension{extensions.PermessageDeflate{}}
	}
	if o.Header, err = parseFields(c.fields); err != nil {
		return err
	}
	if o.Version, err = ParseVersion(string(c.version)); err != nil {
		return err
	}
	o.TLS, err = trust(c.insecure, c.ca)
	return err
}

func parseFields(fields []string) (http.Header, error) {
	h := http.Header{}
	for _, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("-H %q is not NAME:VALUE", f)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}

// trust returns a TLS configuration that verifies the server's certificate as
// -k and -ca say.
func trust(insecure bool, ca string) (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: insecure}
	if ca == "" {
		return c, nil
	}
	pem, err := os.ReadFile(ca)
	if err != nil {
		return nil, fmt.Errorf("-ca: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("-ca: there is no certificate in " + ca)
	}
	return c, nil
}
