// Httpmux is a Server in a net/http server that has other handlers and middleware. It
// ends gracefully: the sockets are closed with status code 1001. If systemd has opened the
// listening socket, as the files in examples/deploy say, it is used.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := serve(ctx, os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// serve serves until ctx is done.
func serve(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("httpmux", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, err := listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())

	sockets := newServer()
	web := &http.Server{Handler: authenticated(newMux(sockets)), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(web.Shutdown(ctx), sockets.Shutdown(ctx))
}

// listen listens on addr, or returns the listener that systemd has opened
// (sd_listen_fds(3)).
func listen(addr string) (net.Listener, error) {
	if os.Getenv("LISTEN_PID") != strconv.Itoa(os.Getpid()) || os.Getenv("LISTEN_FDS") != "1" {
		return net.Listen("tcp", addr)
	}
	f := os.NewFile(3, "LISTEN_FDS")
	defer f.Close()
	return net.FileListener(f)
}

// newMux has the sockets beside a handler of another kind.
func newMux(sockets http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /rooms/{room}", sockets)
	mux.HandleFunc("GET /whoami", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, userOf(r)) })
	return mux
}

type userKey struct{}

// authenticated is middleware: it puts the name of the user into the request's context.
// A real one would check a session or a token.
func authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, err := r.Cookie("user")
		if err != nil {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), userKey{}, user.Value)))
	})
}

func userOf(r *http.Request) string {
	user, _ := r.Context().Value(userKey{}).(string)
	return user
}

// newServer returns a Server that publishes in a room what is said there.
func newServer() *airsocket.Server {
	srv := &airsocket.Server{Options: &airsocket.Options{MaxMessage: 4 << 10}, MaxConns: 1000}
	srv.OnConnect(func(s *airsocket.Socket) {
		room, user := s.HTTPRequest().PathValue("room"), userOf(s.HTTPRequest())
		s.OnOpen(func(*airsocket.OpenEvent) { s.Subscribe(room) })
		s.OnMessage(func(e *airsocket.MessageEvent) {
			srv.Publish(room, wire.Text, []byte(user+": "+e.Text()))
		})
	})
	return srv
}
