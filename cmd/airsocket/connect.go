package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

const connectIntro = `usage: airsocket connect [flags] URL

Connects to a ws or wss URL. On a terminal, type messages at the prompt; /help
lists the commands. Otherwise each line of the input is sent as a text message,
byte for byte but for its line end, and each message that is received is
printed as a line on stdout: text as it is, binary as 0x and hexadecimal.
Everything else is printed on stderr. Messages with line ends of their own are
told apart with -json, which prints all events of the connection on stdout, as
one object a line: time, type, direction, size, data (base64 where binary is
true), code, reason.

Flags may stand before or after the URL. Exit codes:
  0  closed in good order: with code 1000, 1001 or 3000 and up, or none
  1  a wrong flag, or input or output that does not work
  2  no connection
  3  no TLS on the connection
  4  the server refused the WebSocket; its status and reason are printed
  5  a protocol error, a close with another code or without a handshake
  6  it took too long

`

// connectConfig is what the flags of connect say.
type connectConfig struct {
	url       string
	protocols []string
	options   airsocket.Options
	texts     []string // of -x
	wait      time.Duration
	json      bool
	maxLine   int
}

func connect(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (int, error) {
	cfg, err := parseConnect(args)
	if err != nil {
		return exitUsage, err
	}
	c := &client{config: cfg, disp: airsocket.NewDispatcher()}
	c.config.options.Dispatcher = c.disp
	tty := findTerminal(stdin, stdout)
	if len(cfg.texts) > 0 {
		tty = nil
	}
	switch {
	case tty != nil:
		c.input = &typed{tty: tty, json: cfg.json}
	case len(cfg.texts) > 0:
		c.input = &given{texts: cfg.texts}
	default:
		c.input = &piped{r: stdin, limit: cfg.maxLine}
	}
	c.print = plain(stdout, stderr, isTerminal(stdout))
	if cfg.json {
		c.print = jsonLines(stdout, time.Now)
	}
	return c.run(ctx)
}

func parseConnect(args []string) (*connectConfig, error) {
	c := &connectConfig{}
	o := &c.options
	var fields, subprotocols, texts repeated
	var insecure, compress bool
	var ca, version string
	fs := newFlags("connect")
	fs.Var(&fields, "H", "send the header field `NAME:VALUE` with the request (repeatable)")
	fs.Var((*list)(&subprotocols), "subprotocol", "ask for the subprotocol `NAME` (repeatable, in order of preference)")
	fs.StringVar(&o.Origin, "origin", "", "say that the request comes from `ORIGIN`")
	fs.Var(&texts, "x", "send `TEXT` instead of the input (repeatable, in this order)")
	fs.DurationVar(&c.wait, "wait", time.Second, "after the input has ended, close when nothing has been received for `TIME`;\nnegative: wait for the server to close")
	fs.BoolVar(&c.json, "json", false, "print all events as JSON, one object a line")
	fs.BoolVar(&insecure, "k", false, "accept any certificate of the server")
	fs.StringVar(&ca, "ca", "", "trust the certificates in `FILE` (PEM) instead of the system's")
	fs.StringVar(&version, "version", "hybi-13", "speak the protocol `NAME`: hixie-75, hixie-76, hybi-06, hybi-07, hybi-08, hybi-13")
	fs.BoolVar(&compress, "compress", false, "offer permessage-deflate")
	fs.BoolVar(&o.DeflateStream, "deflate-stream", false, "offer deflate-stream, in the versions that have it")
	fs.IntVar(&o.MaxMessage, "max-message", airsocket.DefaultMaxMessage, "the longest message that is received, and the longest line that is sent, in `BYTES`;\nnegative: no limit")
	fs.DurationVar(&o.HandshakeTimeout, "timeout", airsocket.DefaultHandshakeTimeout, "the `TIME` that opening, and closing, may take")
	others, err := parseFlags(fs, connectIntro, args)
	if err != nil {
		return nil, err
	}
	if len(others) != 1 {
		return nil, fmt.Errorf("connect takes one URL, not %d; -h lists the flags", len(others))
	}
	c.url, c.protocols, c.texts, c.maxLine = others[0], subprotocols, texts, o.MaxMessage
	o.CloseTimeout = o.HandshakeTimeout
	if err := setMaxMessage(o); err != nil {
		return nil, err
	}
	if compress {
		o.Extensions = []extensions.Extension{extensions.PermessageDeflate{}}
	}
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return nil, fmt.Errorf("-x %q is not UTF-8", text)
		}
	}
	if o.Header, err = parseFields(fields); err != nil {
		return nil, err
	}
	if o.Version, err = wire.ParseVersion(version); err != nil {
		return nil, err
	}
	o.TLS, err = trust(insecure, ca)
	return c, err
}

func parseFields(fields []string) (http.Header, error) {
	h := http.Header{}
	for _, f := range fields {
		name, value, ok := strings.Cut(f, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("-H %q has no name and colon", f)
		}
		h.Add(name, strings.TrimSpace(value))
	}
	return h, nil
}

// trust is how the server's certificate is verified.
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
