// Package serve has the command that runs an echo server with a test page.
package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

const help = `Runs an echo server, which sends each message back, text as text and binary as
binary, and serves a page to try it in a browser. It also has the subprotocols of
libwebsockets' test server, for clients that ask for one of them:
  dumb-increment-protocol  sends an increasing number every 50 ms; "reset" and a
                           line feed set it back to 0
  lws-mirror-protocol      sends each message to all clients of this subprotocol
  fraggle-protocol         sends random binary messages in fragments of 1 to 2000
                           bytes, each message followed by its checksum

Each event is logged on stderr. With -quiet only errors of the server are logged,
which is also faster. An interrupt closes all sockets with status code 1001; a
second one ends the program at once.

A TIME is a number, in seconds unless a unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket serve                            on this machine only
  airsocket serve -listen :8080 -quiet       on all addresses
  airsocket serve -tls-self-signed           wss and https
  airsocket serve -origin "*.example.com" -max-conns 1000
  airsocket serve -versions 13,8 -compress

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "serve", Usage: "[flags]", Summary: "run an echo server with a test page",
		Help: help,
		New:  func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

// A config holds the settings from the arguments.
type config struct {
	listen          []string
	policy          policyConfig
	server          airsocket.Server
	options         airsocket.Options
	origins         command.Repeated
	versions        command.List
	cert, key       string
	selfSigned      bool
	compress        bool
	fingerprint     string // of a self-signed certificate
	shutdownTimeout time.Duration
	quiet           bool
	log             string
}

func (cfg *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	if err := cfg.resolve(args); err != nil {
		return exit.Usage, err
	}
	stdout := std.Out
	logger := newLogger(std.Err, cfg.log, cfg.quiet)
	disp := new(airsocket.Dispatcher)
	o := &cfg.options
	o.Logger, o.Dispatcher, o.Parallel, o.DeflateStream = logger, disp, true, true
	o.Protocols = append(o.Protocols, subprotocols...)

	srv := &cfg.server
	srv.Options, srv.Handler = o, page()
	srv.OnConnect(newEcho(o).connect)

	listeners, err := listenAll(cfg.listen)
	if err != nil {
		return exit.Usage, err
	}
	failed := make(chan error, len(listeners)+1)
	policies, err := cfg.policy.serve(srv, listeners, stdout, failed)
	if err != nil {
		closeAll(listeners)
		return exit.Usage, err
	}
	defer policies.Close()
	announce(stdout, listeners, srv.TLSConfig != nil, cfg.fingerprint)
	for _, l := range listeners {
		go func() { failed <- srv.Serve(l) }()
	}
	select {
	case err = <-failed:
		srv.Close()
		return exit.Usage, err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), cfg.shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		logger.Warn("some sockets did not answer the close", slog.Any("err", err))
	}
	return exit.OK, nil
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{shutdownTimeout: 5 * time.Second}
	o := &c.options
	fs.Var((*command.Repeated)(&c.listen), "listen", "listen on `HOST:PORT` or unix:/PATH (repeatable; default 127.0.0.1:10081);\nport 0 selects a free one")
	fs.StringVar(&c.cert, "tls-cert", "", "serve wss with the certificate chain in `FILE` (PEM)")
	fs.StringVar(&c.key, "tls-key", "", "the private key for -tls-cert, in `FILE` (PEM)")
	fs.BoolVar(&c.selfSigned, "tls-self-signed", false, "serve wss with a new certificate, which is not saved")
	fs.Var(&c.origins, "origin", "accept pages whose origin matches `PATTERN`, such as *.example.com (repeatable;\ndefault any)")
	fs.Var((*command.List)(&o.Protocols), "subprotocol", "also accept the subprotocol `NAME`, and echo for its clients (repeatable)")
	fs.Var(&c.versions, "versions", "speak only these `VERSIONS` of the protocol, separated by commas (default all):\n"+options.VersionHelp)
	fs.IntVar(&o.MaxMessage, "max-message", 16<<20, "do not receive messages longer than `BYTES`; negative: no limit")
	fs.IntVar(&o.FragmentSize, "fragment-size", 0, "send messages longer than `BYTES` in several frames of at most this length")
	fs.IntVar(&c.server.MaxConns, "max-conns", 0, "serve at most `N` sockets at a time; 0: no limit")
	fs.Var((*command.Seconds)(&c.shutdownTimeout), "shutdown-timeout", "after an interrupt, wait at most `TIME` for clients to answer the close")
	fs.BoolVar(&c.compress, "compress", false, "accept permessage-deflate")
	fs.StringVar(&c.policy.listen, "policy-listen", "", "also answer the socket policy requests of Flash clients on `HOST:PORT`,\nusually :843")
	fs.Var((*command.List)(&c.policy.domains), "policy-domain", "let Flash pages of the domain `NAME` connect (repeatable; default any,\nor none with -origin)")
	fs.Var((*command.List)(&c.policy.ports), "policy-port", "let Flash pages connect to `PORT` (repeatable; default those of -listen)")
	fs.BoolVar(&c.quiet, "quiet", false, "log errors of the server only")
	fs.Var(command.NewChoice(&c.log, "text", "json"), "log", "log as `FORMAT`: text or json")
	return c
}

// resolve checks the arguments, and sets what follows from them.
func (c *config) resolve(args []string) (err error) {
	o := &c.options
	switch {
	case len(args) > 0:
		return fmt.Errorf("serve takes flags only, not %q; \"airsocket help serve\" lists them", args[0])
	case c.shutdownTimeout < 0:
		return errors.New("-shutdown-timeout is negative")
	case o.FragmentSize < 0:
		return errors.New("-fragment-size is negative")
	case c.server.MaxConns < 0:
		return errors.New("-max-conns is negative")
	}
	if len(c.listen) == 0 {
		c.listen = []string{"127.0.0.1:10081"}
	}
	if o.Origins = c.origins; len(c.origins) == 0 {
		o.Origins = []string{"*"}
	}
	if len(c.origins) == 0 && len(c.policy.domains) == 0 {
		c.policy.domains = []string{"*"}
	}
	if c.compress {
		o.Extensions = []extensions.Extension{extensions.PermessageDeflate{}}
	}
	if err := options.SetMaxMessage(o); err != nil {
		return err
	}
	for _, name := range c.versions {
		v, err := options.ParseVersion(name)
		if err != nil {
			return err
		}
		o.Versions = append(o.Versions, v)
	}
	if len(c.versions) == 0 {
		o.Versions = wire.AllVersions()
	}
	c.server.TLSConfig, c.fingerprint, err = serverTLS(c.cert, c.key, c.selfSigned, c.listen)
	return err
}

// serverTLS returns the TLS configuration that the flags select, or nil if they
// select none, and the fingerprint of a self-signed certificate.
func serverTLS(cert, key string, selfSigned bool, listen []string) (*tls.Config, string, error) {
	switch {
	case selfSigned && (cert != "" || key != ""):
		return nil, "", errors.New("-tls-self-signed makes its own certificate: do not give -tls-cert or -tls-key too")
	case (cert == "") != (key == ""):
		return nil, "", errors.New("-tls-cert and -tls-key belong together")
	case cert != "":
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, "", fmt.Errorf("-tls-cert, -tls-key: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}}, "", nil
	case selfSigned:
		pair, fingerprint, err := selfSignedCertificate(listen, time.Now())
		return &tls.Config{Certificates: []tls.Certificate{pair}}, fingerprint, err
	}
	return nil, "", nil
}

func listenAll(addresses []string) ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range addresses {
		l, err := airsocket.Listen(addr)
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		l.Close()
	}
}

// announce prints the URLs of the listeners.
func announce(w io.Writer, listeners []net.Listener, secure bool, fingerprint string) {
	s := ""
	if secure {
		s = "s"
	}
	for _, l := range listeners {
		if l.Addr().Network() == "unix" {
			fmt.Fprintf(w, "listening on ws%s+unix://%s\n", s, l.Addr())
			continue
		}
		host, all := reachable(l.Addr())
		fmt.Fprintf(w, "listening on ws%s://%s/\n", s, host)
		fmt.Fprintf(w, "test page http%s://%s/\n", s, host)
		if all {
			fmt.Fprintln(w, "and on every other address of this machine")
		}
	}
	if fingerprint != "" {
		fmt.Fprintf(w, "certificate SHA-256 %s\n", fingerprint)
	}
}

// reachable returns an address that a client on this machine can use. all
// reports whether the server listens on all addresses of the machine.
func reachable(addr net.Addr) (host string, all bool) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return addr.String(), false
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(tcp.Port)), true
}

func newLogger(w io.Writer, format string, quiet bool) *slog.Logger {
	o := &slog.HandlerOptions{}
	if quiet {
		o.Level = slog.LevelError // mistakes of peers are logged as warnings
	}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}
