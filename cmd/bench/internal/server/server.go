// Package server contains what all measured servers share: flags, the listener
// and a set of connections for broadcasts.
package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/airsocket/airsocket/cmd/bench/internal/address"
	"github.com/airsocket/airsocket/cmd/bench/internal/control"
)

var (
	addr = flag.String("addr", "127.0.0.1:9001", "address to listen on, host:port or unix:name")
	zip  = flag.String("compress", "off", "permessage-deflate: off, single (no context takeover) or takeover")

	// Broadcast says whether to send each message to every connection.
	Broadcast = flag.Bool("broadcast", false, "send each message to every connection instead of back to its sender")
	// Flood says whether to serve floods: see Answer.
	Flood = flag.Bool("flood", false, "limit messages to 16 MiB, answer only messages up to 1 KiB, and answer \"feed\" with 64 MiB")
	// TLS says whether to serve wss.
	TLS = flag.Bool("tls", false, "serve wss with a new certificate")
)

// Start parses the flags and serves the control port.
func Start() {
	control.Flags()
	flag.Parse()
	control.Serve()
}

// The limits of all servers for floods.
const (
	FloodMessage = 16 << 20 // bytes of a message
	FloodHead    = 16 << 10 // bytes of the head of a request
	FloodTimeout = 10 * time.Second
)

var fed = make([]byte, 64<<10)

// Answer calls send for each message that answers the message p: with -flood only a
// short message is sent back, and "feed" is answered with 1,000 messages of 64 KiB,
// or as many as send takes.
func Answer(p []byte, send func([]byte) error) error {
	switch {
	case !*Flood || len(p) <= 1<<10 && string(p) != "feed":
		return send(p)
	case len(p) > 1<<10:
		return nil
	}
	for range 1000 {
		if err := send(fed); err != nil {
			return err
		}
	}
	return nil
}

// Addr returns the address to listen on.
func Addr() string { return *addr }

// Compress reports whether to compress messages.
func Compress() bool { return *zip != "off" }

// Takeover reports whether to compress messages with the context of earlier
// ones.
func Takeover() bool { return *zip == "takeover" }

// Listen calls Start and listens on -addr, with TLS if the flags ask for it.
func Listen() net.Listener {
	Start()
	network, name := address.Split(*addr)
	l, err := net.Listen(network, name)
	if err != nil {
		log.Fatal(err)
	}
	return Secure(l)
}

// Secure returns l, with TLS if the flags ask for it.
func Secure(l net.Listener) net.Listener {
	if *TLS {
		return tls.NewListener(l, TLSConfig())
	}
	return l
}

// TLSConfig returns a configuration with a self-signed certificate.
func TLSConfig() *tls.Config {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{cert}, PrivateKey: key}}}
}

// ServeHTTP serves net/http on -addr with one handler for every path.
func ServeHTTP(h http.HandlerFunc) {
	l := Listen()
	s := http.Server{Handler: h}
	if *Flood {
		s.ReadHeaderTimeout, s.MaxHeaderBytes = FloodTimeout, FloodHead
	}
	log.Fatal(s.Serve(l))
}

// Accept runs serve in one goroutine for each connection accepted on -addr.
func Accept(serve func(net.Conn)) {
	l := Listen()
	for {
		c, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(c)
	}
}

// Set is the set of connections that a broadcast goes to.
type Set[T comparable] struct {
	mu sync.Mutex
	m  map[T]struct{}
}

// Add adds a connection.
func (s *Set[T]) Add(c T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.m == nil {
		s.m = map[T]struct{}{}
	}
	s.m[c] = struct{}{}
}

// Remove removes a connection.
func (s *Set[T]) Remove(c T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.m, c)
}

// Each calls f for every connection.
func (s *Set[T]) Each(f func(T)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.m {
		f(c)
	}
}
