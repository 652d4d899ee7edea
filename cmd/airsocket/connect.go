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
)

const connectIntro = `usage: airsocket connect [flags] URL

Connects to a WebSocket server. On a terminal, type messages at the prompt;
/help lists the commands. If stdin or stdout is not a terminal, each line of
stdin is sent as a text message, without its line end, and each message received
is printed as a line on stdout: text as it is, but escaped on a terminal, and
binary as 0x followed by hexadecimal digits. Everything else is printed on
stderr. If messages may contain line ends, use -json: it prints all events of
the connection on stdout, one JSON object per line, with time, type, direction,
size, data (base64 if binary is true), code and reason.

The URL begins with ws:// or wss://; ws:// is assumed if there is no scheme. A
user and password in it, as in ws://user:pass@host/, are sent with
Basic authentication. Percent-encode special characters in them, @ as %40 for
example.

Flags may come before or after the URL. A TIME is a number, in seconds unless a
unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket connect 127.0.0.1:10081               type messages
  airsocket connect wss://example.com/chat -H "Authorization: Bearer abc"
  airsocket connect ws://user:pass@127.0.0.1:8080/
  airsocket connect 127.0.0.1:10081 -x hello      send one message
  airsocket connect 127.0.0.1:10081 -x hi -wait -1
                                                  print until the server closes
  airsocket connect -json 127.0.0.1:10081 <messages.txt

Exit codes:
  0  closed normally: with code 1000, 1001, 3000 or above, or without a code
  1  a bad flag or argument, or an error of the input or output
  2  could not connect
  3  the TLS handshake failed
  4  the opening handshake failed; the status and body of a refusal are printed
  5  a protocol error, or a close with another code or without a closing handshake
  6  a timeout

Flags:
`

// connectConfig holds the settings from the arguments of connect.
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
	c := &client{config: cfg, disp: new(airsocket.Dispatcher)}
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
	fs.StringVar(&o.Origin, "origin", "", "send `ORIGIN` in the Origin field of the request")
	fs.Var(&texts, "x", "send `TEXT` instead of the lines of stdin (repeatable, sent in order)")
	c.wait = time.Second
	fs.Var((*seconds)(&c.wait), "wait", "after the end of the input, close when nothing has been received for `TIME`;\nnegative, such as -1: wait until the server closes")
	fs.BoolVar(&c.json, "json", false, "print all events as JSON, one object per line")
	fs.BoolVar(&insecure, "k", false, "accept any server certificate")
	fs.StringVar(&ca, "ca", "", "trust the certificates in `FILE` (PEM) instead of the system's")
	fs.StringVar(&version, "version", "13", "speak `VERSION` of the protocol: "+versionHelp)
	fs.BoolVar(&compress, "compress", false, "offer permessage-deflate")
	fs.BoolVar(&o.DeflateStream, "deflate-stream", false, "offer deflate-stream, in the versions that have it")
	fs.IntVar(&o.MaxMessage, "max-message", 16<<20, "do not receive messages, or send lines, longer than `BYTES`;\nnegative: no limit")
	o.HandshakeTimeout = 30 * time.Second
	fs.Var((*seconds)(&o.HandshakeTimeout), "timeout", "give up when opening or closing takes longer than `TIME`; negative: no limit")
	others, err := parseFlags(fs, connectIntro, args)
	if err != nil {
		return nil, err
	}
	if len(others) != 1 {
		return nil, fmt.Errorf("connect takes one URL, not %d; \"airsocket help connect\" has examples", len(others))
	}
	c.url, c.protocols, c.texts, c.maxLine = completeURL(others[0]), subprotocols, texts, o.MaxMessage
	if o.HandshakeTimeout == 0 {
		return nil, errors.New("-timeout is 0; for no limit give a negative number")
	}
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
	if o.Version, err = parseVersion(version); err != nil {
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
