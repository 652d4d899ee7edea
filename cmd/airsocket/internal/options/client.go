package options

import (
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// maxRedirects is how many redirects -L follows.
const maxRedirects = 10

// A Client is what flags say of a connection to a server.
type Client struct {
	URL       string
	Protocols []string
	Options   airsocket.Options

	fields       command.Repeated
	compress     bool
	version      version
	proxy        string
	dial         string
	redirects    bool
	credentials  credentials
	certificates certificates
}

// NewClient returns a Client with the values of flags, which it adds to fs. It is to be
// used after a call of Resolve.
func NewClient(fs *flag.FlagSet) *Client {
	c := &Client{version: "13"}
	o := &c.Options
	fs.Var(&c.fields, "H", "send the header field `NAME:VALUE` with the request (repeatable); @FILE: the fields in\na file, one per line, without empty lines and lines that begin with #")
	fs.StringVar(&c.credentials.auth, "auth", "", "send `USER:PASS` with Basic authentication; USER: ask for the password on the terminal;\n@FILE: read USER:PASS from a file, because other users of the machine see arguments")
	fs.StringVar(&c.credentials.bearer, "bearer", "", "send `TOKEN` in the field \"Authorization: Bearer TOKEN\"; @FILE: read it from a file;\nenv:NAME: from an environment variable")
	fs.Var((*command.List)(&c.Protocols), "subprotocol", "ask for the subprotocol `NAME` (repeatable, in order of preference)")
	fs.StringVar(&o.Origin, "origin", "", "send `ORIGIN` in the Origin field of the request")
	fs.BoolVar(&c.redirects, "L", false, fmt.Sprintf("follow redirects, at most %d; credentials are not sent to another host", maxRedirects))
	fs.StringVar(&c.proxy, "proxy", "", "connect through the proxy at `URL`: http, https or socks5, with user:pass@ if it wants a\npassword; none: no proxy (default: as HTTP_PROXY, HTTPS_PROXY and NO_PROXY say)")
	fs.StringVar(&c.dial, "dial", "", "open the connection to `HOST:PORT`, without a proxy; the URL still says which host the\nrequest names and the certificate must have")
	fs.BoolVar(&c.certificates.insecure, "k", false, "accept any certificate of the server, and of an https proxy")
	fs.StringVar(&c.certificates.ca, "ca", "", "trust the certificates in `FILE` (PEM) instead of the system's, also for an https proxy")
	fs.StringVar(&c.certificates.cert, "cert", "", "show the server the client certificate in `FILE` (PEM)")
	fs.StringVar(&c.certificates.key, "key", "", "the private key of -cert is in `FILE` (PEM; default: in the file of -cert); if it is\nencrypted, the passphrase is asked for on the terminal")
	fs.Var(&c.version, "version", "speak `VERSION` of the protocol: "+VersionHelp)
	fs.BoolVar(&c.compress, "compress", false, "offer permessage-deflate")
	fs.BoolVar(&o.DeflateStream, "deflate-stream", false, "offer deflate-stream, in the versions that have it")
	fs.IntVar(&o.MaxMessage, "max-message", 16<<20, "do not receive or send messages longer than `BYTES`; negative: no limit")
	o.HandshakeTimeout = 30 * time.Second
	fs.Var((*command.Seconds)(&o.HandshakeTimeout), "timeout", "give up when opening or closing takes longer than `TIME`;\nforever or negative: no limit")
	return c
}

// Resolve checks the values of the flags, and sets what follows from them. The scheme of
// url may be missing. Resolve calls ask for secrets that the flags do not contain.
func (c *Client) Resolve(url string, ask Ask) (err error) {
	o := &c.Options
	c.URL = CompleteURL(url)
	if o.HandshakeTimeout == 0 {
		return errors.New("-timeout is 0; for no limit give forever")
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
	if o.Proxy, err = proxyFor(c.proxy); err != nil {
		return err
	}
	if c.dial != "" {
		if o.Dial, err = dialOnly(c.dial, c.proxy); err != nil {
			return err
		}
	}
	if c.redirects {
		o.MaxRedirects = maxRedirects
	}
	if err := c.credentials.set(o.Header, c.URL, ask); err != nil {
		return err
	}
	o.TLS, o.ProxyTLS, err = c.certificates.configs(ask)
	return err
}

// HasPings reports whether the version of the protocol has pings.
func (c *Client) HasPings() bool {
	return c.Options.Version != wire.Hixie75 && c.Options.Version != wire.Hixie76
}
