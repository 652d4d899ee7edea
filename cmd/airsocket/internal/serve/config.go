package serve

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// A config holds the settings from the arguments.
type config struct {
	flags           *flag.FlagSet
	mode            modeConfig
	http            httpConfig
	listen          []string
	policy          policyConfig
	server          airsocket.Server
	options         airsocket.Options
	origins         command.Repeated
	proxies         command.List
	versions        command.List
	cert, key       string
	selfSigned      bool
	noCompress      bool
	fingerprint     string // of a self-signed certificate
	shutdownTimeout time.Duration
	quiet           bool
	content         int // bytes of messages to log
	log             string
}

func newConfig(fs *flag.FlagSet) *config {
	c := &config{flags: fs, shutdownTimeout: 5 * time.Second}
	o := &c.options
	c.mode.addFlags(fs)
	fs.StringVar(&c.http.static, "static", "", "serve the files in `DIR`, except those whose names begin with a dot, instead of\nthe test page")
	fs.BoolVar(&c.http.inspect, "inspect", false, "let the test page show the server's side of the connections that it makes itself\n(default if only this machine can connect; -inspect=false never does)")
	fs.StringVar(&c.http.health, "health", "", "answer GET requests for `PATH` with ok, even when there are -max-conns clients")
	fs.StringVar(&c.http.metrics, "metrics", "", "serve metrics for Prometheus at `PATH`; everyone who can connect can read them")
	fs.Var((*command.Repeated)(&c.listen), "listen", "listen on `HOST:PORT` or unix:/PATH (repeatable; default 127.0.0.1:10081);\nport 0 selects a free one")
	fs.StringVar(&c.cert, "tls-cert", "", "serve wss with the certificate chain in `FILE` (PEM)")
	fs.StringVar(&c.key, "tls-key", "", "the private key for -tls-cert, in `FILE` (PEM)")
	fs.BoolVar(&c.selfSigned, "tls-self-signed", false, "serve wss with a new certificate, which is not saved")
	fs.Var(&c.origins, "origin", "accept pages whose origin matches `PATTERN`, such as *.example.com (repeatable;\ndefault any, or with -exec and -tcp only the server's own)")
	fs.Var((*command.List)(&o.Protocols), "subprotocol", "also accept the subprotocol `NAME` (repeatable)")
	fs.Var(&c.versions, "versions", "speak only these `VERSIONS` of the protocol, separated by commas (default all, or\nwith -tcp and -exec-binary those with binary messages):\n"+options.VersionHelp)
	fs.IntVar(&o.MaxMessage, "max-message", 16<<20, "do not receive messages, or send lines, longer than `BYTES`;\nnegative: no limit")
	fs.IntVar(&o.FragmentSize, "fragment-size", 0, "send messages longer than `BYTES` in several frames of at most this length")
	fs.IntVar(&c.server.MaxConns, "max-conns", 0, fmt.Sprintf("serve at most `N` sockets at a time, and run at most N programs; 0: no limit\n(default with -exec %d, else 0)", maxProcesses))
	fs.IntVar(&c.server.MaxConnsPerIP, "max-conns-per-ip", 0, "serve at most `N` connections of one address at a time; 0: no limit")
	fs.IntVar(&c.server.MaxBuffered, "max-buffered", 0, fmt.Sprintf("keep at most `BYTES` for all clients together, and close those for which the most\nis kept; 0: no limit (default with -broadcast and -topics %d, else 0)", maxBuffered))
	fs.Var(&c.proxies, "trusted-proxy", "trust X-Forwarded-For in requests from `PREFIX`, such as 10.0.0.0/8 (repeatable)")
	fs.Var((*command.Seconds)(&o.IdleTimeout), "idle-timeout", "close sockets on which nothing is received for `TIME`; 0: never")
	fs.Var((*command.Seconds)(&o.PingInterval), "ping-interval", "send a ping when nothing is received for `TIME`, and close sockets that do not\nanswer within 10 s; 0: never")
	fs.Var((*command.Seconds)(&c.shutdownTimeout), "shutdown-timeout", "after an interrupt, wait at most `TIME` for clients to answer the close")
	fs.BoolVar(&c.noCompress, "no-compress", false, "do not accept permessage-deflate")
	fs.StringVar(&c.policy.listen, "policy-listen", "", "also answer the socket policy requests of Flash clients on `HOST:PORT`,\nusually :843")
	fs.Var((*command.List)(&c.policy.domains), "policy-domain", "let Flash pages of the domain `NAME` connect (repeatable; default any,\nor none with -origin, -exec or -tcp)")
	fs.Var((*command.List)(&c.policy.ports), "policy-port", "let Flash pages connect to `PORT` (repeatable; default those of -listen)")
	fs.BoolVar(&c.quiet, "quiet", false, "log errors of the server only, and the stderr of programs")
	fs.IntVar(&c.content, "log-content", 0, "log the first `BYTES` of each message that is received, binary ones in hexadecimal")
	fs.Var(command.NewChoice(&c.log, "text", "json"), "log", "log as `FORMAT`: text or json")
	return c
}

// resolve checks the arguments, and sets what follows from them.
func (c *config) resolve(args []string) (err error) {
	o := &c.options
	switch {
	case c.content > 0 && c.quiet:
		return errors.New("-log-content has no effect with -quiet: give one of them")
	}
	if err := c.notNegative(); err != nil {
		return err
	}
	given := map[string]bool{}
	c.flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := c.mode.resolve(given, args); err != nil {
		return err
	}
	if err := options.SetMaxMessage(o); err != nil {
		return err
	}
	c.mode.limit(&c.server, o, given)
	o.Protocols = append(o.Protocols, c.mode.protocols()...)
	if len(c.listen) == 0 {
		c.listen = []string{"127.0.0.1:10081"}
	}
	if err := c.http.resolve(given, c.isLocal()); err != nil {
		return err
	}
	if o.Origins = c.origins; len(c.origins) == 0 && !c.mode.reaches() {
		o.Origins = []string{"*"}
		if len(c.policy.domains) == 0 {
			c.policy.domains = []string{"*"}
		}
	}
	if !c.noCompress {
		o.Extensions = []extensions.Extension{extensions.PermessageDeflate{}}
	}
	if err := c.resolveVersions(); err != nil {
		return err
	}
	for _, p := range c.proxies {
		prefix, err := parsePrefix(p)
		if err != nil {
			return err
		}
		c.server.TrustedProxies = append(c.server.TrustedProxies, prefix)
	}
	c.server.TLSConfig, c.fingerprint, err = serverTLS(c.cert, c.key, c.selfSigned, c.listen)
	return err
}

// isLocal reports whether only programs of this machine can connect, and no proxy for others.
func (c *config) isLocal() bool {
	return len(c.proxies) == 0 && !slices.ContainsFunc(c.listen, func(addr string) bool {
		host, _, err := net.SplitHostPort(addr)
		ip, _ := netip.ParseAddr(host)
		isUnix := strings.HasPrefix(addr, "unix:")
		return !isUnix && (err != nil || host != "localhost" && !ip.IsLoopback())
	})
}

// notNegative checks the flags that cannot be negative.
func (c *config) notNegative() error {
	for _, f := range []struct {
		name     string
		negative bool
	}{
		{"shutdown-timeout", c.shutdownTimeout < 0},
		{"fragment-size", c.options.FragmentSize < 0},
		{"max-conns", c.server.MaxConns < 0},
		{"max-conns-per-ip", c.server.MaxConnsPerIP < 0},
		{"max-buffered", c.server.MaxBuffered < 0},
		{"idle-timeout", c.options.IdleTimeout < 0},
		{"ping-interval", c.options.PingInterval < 0},
		{"log-content", c.content < 0},
	} {
		if f.negative {
			return fmt.Errorf("-%s is negative", f.name)
		}
	}
	return nil
}

func (c *config) resolveVersions() error {
	o := &c.options
	for _, name := range c.versions {
		v, err := options.ParseVersion(name)
		if err != nil {
			return err
		}
		if c.mode.needsBinary() && !v.Can(wire.Binary) {
			return fmt.Errorf("version %s of the protocol has no binary messages, which -tcp and -exec-binary need", name)
		}
		o.Versions = append(o.Versions, v)
	}
	if len(c.versions) > 0 {
		return nil
	}
	if o.Versions = wire.AllVersions(); c.mode.needsBinary() {
		o.Versions = withBinary(o.Versions)
	}
	return nil
}

// parsePrefix parses an address, or a prefix of addresses.
func parsePrefix(s string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return p, fmt.Errorf("-trusted-proxy is an address or a prefix such as 10.0.0.0/8, not %q", s)
	}
	return p, nil
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
