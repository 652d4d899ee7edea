// Package serve has the command that runs a server.
package serve

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

const help = `Runs a server. A browser gets a page to try it, or the files of -static. One of these flags
says what clients are for:
  -exec PROGRAM     starts a program for each client, as websocketd does. It gets each
                    message as a line, or as several if there are line ends in it, and
                    each line that it writes is sent as a text message. What it writes
                    to stderr is logged.
  -tcp HOST:PORT    connects each client to a TCP server, as websockify does. Binary
                    messages carry the bytes. The subprotocol binary is accepted.
  -broadcast        sends each message to all other clients.
  -topics           sends each message to the other clients with the same path in their
                    URL. With either flag, a client that reads too slowly is closed with
                    status code 1008.

Without them it is an echo server, which sends each message back, text as text and binary
as binary. It also has the subprotocols of libwebsockets' test server, for clients that
ask for one of them:
  dumb-increment-protocol  sends an increasing number every 50 ms; "reset" and a
                           line feed set it back to 0
  lws-mirror-protocol      sends each message to all clients of this subprotocol
  fraggle-protocol         sends random binary messages in fragments of 1 to 2000
                           bytes, each message followed by its checksum

The program of -exec is run without a shell, in a process group of its own. Its arguments are
those of serve that are no flags; what follows -- is never a flag. It finds the request in
the variables of CGI: REQUEST_URI, PATH_INFO, QUERY_STRING, SERVER_NAME, SERVER_PORT,
REMOTE_ADDR, REMOTE_PORT, HTTPS, UNIQUE_ID and others, and HTTP_NAME for each header field.
From the environment of the server it gets PATH and what finds libraries, and -exec-env.
When it writes no more the client is closed, with status code 1000, or with 1011 if the
program has failed. When the client has gone, its input ends, and after -exec-grace it gets
SIGTERM, and then SIGKILL. If the client does not read, the program waits when it
writes, and the client is closed after 30 s in which it takes nothing. A line longer than
-max-message ends the program.

With -exec and -tcp, pages of other origins need -origin, and so do pages opened from a
file: with -origin "*" any page that a user of this machine visits can use the program or
the TCP server. Without TLS, the server's own pages need it too if their host is a name,
unless that is localhost or one of -listen: who owns a name can make it lead to this machine.

With -inspect the page that a browser gets can also show the server's side of the
connections that it makes: the request, the answer, frames without their contents, and why
one has ended. That is the default if only this machine can connect, with -listen on
loopback and without -trusted-proxy. Nobody sees the connections of others. Behind a proxy that
-trusted-proxy does not name, also one on this machine, all clients have one address, and so
8 observers in all.

Each event is logged on stderr. With -quiet only errors of the server are logged, and
what programs write to stderr; it is also faster. An interrupt, SIGTERM or a hangup closes all
sockets with status code 1001; a second one ends everything at once.

A TIME is a number, in seconds unless a unit follows it: 5, 1.5, 200ms, 2m.

Examples:
  airsocket serve                            on this machine only
  airsocket serve -listen :8080 -quiet       on all addresses
  airsocket serve -tls-self-signed           wss and https
  airsocket serve -exec ./count.sh           a process for each client
  airsocket serve -static . -exec grep -- --line-buffered -i error
  airsocket serve -tcp localhost:5900        a VNC server, for noVNC
  airsocket serve -topics -log-content 100   rooms, and what is said in them
  airsocket serve -health /health -metrics /metrics -max-conns 1000
  airsocket serve -origin "*.example.com" -max-conns-per-ip 20 -idle-timeout 1m
  airsocket serve -versions 13,8 -no-compress
  airsocket serve -listen :8080 -inspect     for phones in the same network

Flags:
`

// Command returns the command.
func Command() command.Command {
	return command.Command{
		Name: "serve", Usage: "[flags]", Summary: "run a server: echo, programs, TCP, files",
		Help: help,
		New:  func(fs *flag.FlagSet) command.Action { return newConfig(fs).run },
	}
}

func (cfg *config) run(ctx context.Context, args []string, std *command.Std) (int, error) {
	if err := cfg.resolve(args); err != nil {
		return exit.Usage, err
	}
	stdout := std.Out
	logger := newLogger(std.Err, cfg.log, cfg.quiet)
	o := &cfg.options
	o.Logger, o.Dispatcher, o.Parallel, o.DeflateStream = logger, new(airsocket.Dispatcher), true, true

	srv := &cfg.server
	srv.Options = o
	handler, closer, err := cfg.http.handler(srv)
	if err != nil {
		return exit.Usage, err
	}
	defer closer.Close()
	srv.Handler = handler
	mode, events := cfg.mode.mode(srv, cfg.listen, logger), &eventLog{logger, cfg.content}
	srv.OnConnect(mode.connect)
	if events.isOn() {
		srv.OnConnect(func(s *airsocket.Socket) {
			mode.connect(s)
			events.connect(s)
		})
	}

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
	announce(stdout, listeners, cfg.http.serves(), srv.TLSConfig != nil, cfg.fingerprint)
	for _, l := range listeners {
		go func() { failed <- srv.Serve(l) }()
	}
	select {
	case err = <-failed:
		srv.Close()
		mode.wait()
		return exit.Usage, err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.Background(), cfg.shutdownTimeout)
	defer cancel()
	if err := srv.Shutdown(last); err != nil {
		logger.Warn("some connections did not end in time", slog.Any("err", err))
	}
	mode.wait()
	return exit.OK, nil
}

func listenAll(addresses []string) ([]net.Listener, error) {
	var all []net.Listener
	for _, addr := range addresses {
		l, err := airsocket.Listen(addr)
		if _, isPort := strconv.Atoi(addr); isPort == nil {
			err = fmt.Errorf("-listen is HOST:PORT, such as 127.0.0.1:%s, or :%s for all addresses, not %q", addr, addr, addr)
		}
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

// announce prints the URLs of the listeners. serves says what a browser gets.
func announce(w io.Writer, listeners []net.Listener, serves string, secure bool, fingerprint string) {
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
		fmt.Fprintf(w, "%s http%s://%s/\n", serves, s, host)
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
