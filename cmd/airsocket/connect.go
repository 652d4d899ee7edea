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
/help lists the commands. Otherwise each line of the input is sent as a text
message, without its line end, and each message that is received is printed as
a line on stdout: text as it is, binary as 0x and hexadecimal digits. Everything
else is printed on stderr. Where messages have line ends of their own, -json
tells them apart: it prints all events of the connection on stdout, one object a
line, with time, type, direction, size, data (base64 where binary is true), code
and reason.

The URL begins with ws:// or wss://; without either, ws:// is meant. A user and
a password in it, as in ws://user:pass@host/, are sent as Basic authentication;
special characters in them are written as %40 for @ and so on.

Flags may stand before or after the URL. A TIME is a number of seconds, or has a
unit: 5, 1.5, 200ms, 2m.

Examples:
  airsocket connect 127.0.0.1:10081               type messages
  airsocket connect wss://example.com/chat -H "Authorization: Bearer abc"
  airsocket connect ws://user:pass@127.0.0.1:8080/
  airsocket connect 127.0.0.1:10081 -x hello      send one message
  airsocket connect 127.0.0.1:10081 -x hi -wait -1
                                                  print until the server closes
  airsocket connect -json 127.0.0.1:10081 <messages.txt

Exit codes:
  0  closed in good order: with code 1000, 1001, 3000 or above, or without one
  1  a wrong flag, or input or output that does not work
  2  no connection
  3  no TLS on the connection
  4  the server refused the WebSocket; its status and reason are printed
  5  a protocol error, a close with another code or without a handshake
  6  it took too long

Flags:
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
	c.wait = time.Second
	fs.Var((*seconds)(&c.wait), "wait", "after the input has ended, close when nothing has been received for `TIME`;\na negative one, such as -1: never, the server closes")
	fs.BoolVar(&c.json, "json", false, "print all events as JSON, one object a line")
	fs.BoolVar(&insecure, "k", false, "accept any certificate of the server")
	fs.StringVar(&ca, "ca", "", "trust the certificates in `FILE` (PEM) instead of the system's")
	fs.StringVar(&version, "version", "13", "speak `VERSION` of the protocol: "+versionHelp)
	fs.BoolVar(&compress, "compress", false, "offer permessage-deflate")
	fs.BoolVar(&o.DeflateStream, "deflate-stream", false, "offer deflate-stream, in the versions that have it")
	fs.IntVar(&o.MaxMessage, "max-message", airsocket.DefaultMaxMessage, "neither receive a message nor send a line that is longer than `BYTES`;\nnegative: no limit")
	o.HandshakeTimeout = airsocket.DefaultHandshakeTimeout
	fs.Var((*seconds)(&o.HandshakeTimeout), "timeout", "give up when opening, or closing, takes longer than `TIME`; negative: no limit")
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
