package serve

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/options"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/bridge"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/echo"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/process"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/topics"
	"github.com/airsocket/airsocket/wire"
)

// A modeConfig says what is done with the sockets.
type modeConfig struct {
	exec       string // the program of -exec
	args       []string
	execBinary bool
	execEnv    command.Repeated
	execGrace  time.Duration
	tcp        string
	broadcast  bool
	topics     bool
}

func (c *modeConfig) addFlags(fs *flag.FlagSet) {
	c.execGrace = time.Second
	fs.StringVar(&c.exec, "exec", "", "run `PROGRAM` for each client, with the arguments that are no flags or follow --")
	fs.BoolVar(&c.execBinary, "exec-binary", false, "with -exec, send the output as binary messages, as it comes, and pass messages\non without line ends")
	fs.Var(&c.execEnv, "exec-env", "with -exec, also pass on the environment variable `NAME`, or set NAME=VALUE\n(repeatable)")
	fs.Var((*command.Seconds)(&c.execGrace), "exec-grace", "with -exec, when the client has gone wait `TIME` for the program to end, and again\nafter SIGTERM, before it is killed")
	fs.StringVar(&c.tcp, "tcp", "", "connect each client to the TCP server at `HOST:PORT`, or to unix:/PATH")
	fs.BoolVar(&c.broadcast, "broadcast", false, "send each message to all other clients")
	fs.BoolVar(&c.topics, "topics", false, "send each message to all other clients with the same path in their URL")
}

// resolve checks the flags, of which given holds those that were given.
func (c *modeConfig) resolve(given map[string]bool, args []string) error {
	var modes []string
	for _, name := range []string{"exec", "tcp", "broadcast", "topics"} {
		if given[name] {
			modes = append(modes, "-"+name)
		}
	}
	switch {
	case len(modes) > 1:
		return fmt.Errorf("%s exclude each other: give one of them", strings.Join(modes, " and "))
	case c.execGrace < 0:
		return errors.New("-exec-grace is negative")
	case c.exec != "":
		c.args = args
		if _, err := exec.LookPath(c.exec); err != nil {
			if strings.Contains(c.exec, " ") {
				return fmt.Errorf("-exec: %w; its arguments are given separately: -exec PROGRAM -- ARGS", err)
			}
			return fmt.Errorf("-exec: %w", err)
		}
		if i := slices.IndexFunc(c.execEnv, isBadVariable); i >= 0 {
			return fmt.Errorf("-exec-env %q is not NAME or NAME=VALUE", c.execEnv[i])
		}
		return nil
	}
	for _, name := range []string{"exec-binary", "exec-env", "exec-grace"} {
		if given[name] {
			return fmt.Errorf("-%s is of use only with -exec", name)
		}
	}
	switch {
	case len(args) > 0:
		return fmt.Errorf("serve takes flags only, not %q, unless -exec is given; \"airsocket help serve\" lists them", args[0])
	case given["tcp"]:
		network, address := c.target()
		if _, _, err := net.SplitHostPort(address); err != nil && network == "tcp" || address == "" {
			return fmt.Errorf("-tcp is HOST:PORT or unix:/PATH, not %q", c.tcp)
		}
	}
	return nil
}

func isBadVariable(s string) bool {
	name, _, _ := strings.Cut(s, "=")
	return name == "" || strings.Contains(s, "\x00")
}

// target returns the network and the address of -tcp.
func (c *modeConfig) target() (network, address string) {
	if path, ok := strings.CutPrefix(c.tcp, "unix:"); ok {
		return "unix", path
	}
	return "tcp", c.tcp
}

// reaches reports whether clients reach more than each other: pages of other origins then
// need -origin.
func (c *modeConfig) reaches() bool { return c.exec != "" || c.tcp != "" }

// needsBinary reports whether clients must have binary messages.
func (c *modeConfig) needsBinary() bool { return c.execBinary || c.tcp != "" }

// protocols returns the subprotocols that are offered besides those of -subprotocol.
func (c *modeConfig) protocols() []string {
	switch {
	case c.tcp != "":
		return []string{bridge.Protocol}
	case c.exec != "" || c.broadcast || c.topics:
		return nil
	}
	return echo.Protocols
}

// limit sets the defaults of the limits, unless they are given.
func (c *modeConfig) limit(srv *airsocket.Server, o *airsocket.Options, given map[string]bool) {
	if c.exec != "" && !given["max-conns"] {
		srv.MaxConns = maxProcesses
	}
	if c.reaches() {
		o.MaxBuffered = options.HighWater // what comes from elsewhere waits there
	}
	if c.broadcast || c.topics {
		srv.CloseSlow = true
		if !given["max-buffered"] {
			srv.MaxBuffered = maxBuffered
		}
	}
}

// probe is how often clients that are held up are looked for.
const probe = 10 * time.Second

// maxProcesses is the default of -max-conns with -exec.
const maxProcesses = 100

// maxBuffered is the default of -max-buffered with -broadcast and -topics: there, one client
// makes that something is kept for each of the others.
const maxBuffered = 256 << 20

// A mode serves sockets.
type mode struct {
	connect func(*airsocket.Socket)
	wait    func() // until what was started for the sockets has ended
}

// mode returns the mode that the flags select. listen are the addresses of the server.
func (c *modeConfig) mode(srv *airsocket.Server, listen []string, log *slog.Logger) mode {
	o := srv.Options
	if c.reaches() {
		rejected := hostCheck(srv, listen)
		srv.OnRequest(func(r *airsocket.Request) {
			if !rejected(r) {
				process.SetRemoteIP(r.Socket(), r.RemoteIP())
				r.Accept(common(r.Protocols, o.Protocols))
			}
		})
	}
	switch {
	case c.exec != "":
		p := &process.Server{
			Path: c.exec, Args: c.args, Env: process.BaseEnv(c.execEnv),
			Binary: c.execBinary, MaxLine: o.MaxMessage, Grace: c.execGrace, Probe: probe, Max: srv.MaxConns, Secure: srv.TLSConfig != nil, Log: log,
		}
		return mode{p.Connect, p.Wait}
	case c.tcp != "":
		b := &bridge.Server{Probe: probe, Log: log}
		b.Network, b.Address = c.target()
		return mode{b.Connect, b.Wait}
	case c.broadcast:
		return mode{topics.Broadcast, func() {}}
	case c.topics:
		return mode{topics.ByPath, func() {}}
	}
	return mode{echo.New(o.Dispatcher).Connect, func() {}}
}

// common returns the first of the client's subprotocols that the server has, or "".
func common(clients, servers []string) string {
	for _, p := range clients {
		if slices.Contains(servers, p) {
			return p
		}
	}
	return ""
}

// withBinary returns those of the versions that have binary messages.
func withBinary(versions []wire.Version) []wire.Version {
	return slices.DeleteFunc(slices.Clone(versions), func(v wire.Version) bool { return !v.Can(wire.Binary) })
}
