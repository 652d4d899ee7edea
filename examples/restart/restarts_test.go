//go:build unix

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

const (
	restarts   = 20
	staying    = 20 // clients that keep their connection, and connect again when it is closed
	connecting = 5  // clients that connect anew for each message
	window     = 4  // messages of a client that are not acknowledged yet
)

// A load is the clients of a service. Their handlers run in turns of one Dispatcher.
type load struct {
	t        *testing.T
	url      string
	opts     airsocket.Options
	stopping bool
	opened   int
	closed   int             // by the server
	sent     map[string]bool // all messages; true if it was acknowledged
	met      chan int        // numbers of processes, each once for each staying client
	done     chan string     // names of clients that have ended
}

// fault reports what no client may see.
func (l *load) fault(s *airsocket.Socket) {
	s.OnError(func(e *airsocket.ErrorEvent) { l.t.Errorf("error: %v", e.Err) })
}

// send sends a message, perhaps once more.
func (l *load) send(s *airsocket.Socket, message string) {
	if l.sent[message] {
		l.t.Errorf("%s is sent again although it was acknowledged", message)
	}
	l.sent[message] = false
	s.Send(message)
}

// acknowledged returns the process that has acknowledged a message, which must be the one
// that was sent first.
func (l *load) acknowledged(e *airsocket.MessageEvent, first string) (pid int) {
	var message string
	if _, err := fmt.Sscanf(e.Text(), "%d has %s", &pid, &message); err != nil || message != first {
		l.t.Errorf("%q, want the acknowledgment of %s", e.Bytes(), first)
	}
	l.sent[message] = true
	return pid
}

// stay starts a client that keeps its connection.
func (l *load) stay(name string) {
	opts := l.opts.Clone()
	opts.Reconnect = &airsocket.Reconnect{Min: time.Millisecond, Max: 10 * time.Millisecond}
	s := airsocket.NewSocket(opts)
	next, acked, pid := 0, 0, 0
	message := func(n int) string { return fmt.Sprint(name, "-", n) }
	fill := func() {
		for ; next < acked+window && !l.stopping; next++ {
			l.send(s, message(next))
		}
		if next == acked {
			s.Close(airsocket.StatusNormalClosure, "")
		}
	}
	l.fault(s)
	s.OnOpen(func(*airsocket.OpenEvent) {
		l.opened++
		for n := acked; n < next; n++ {
			l.send(s, message(n))
		}
		fill()
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		by := l.acknowledged(e, message(acked))
		acked++
		if by != pid {
			pid = by
			l.met <- pid
		}
		fill()
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		switch {
		case next == acked && l.stopping:
			s.Close(0, "") // ends the wait before another attempt
			l.done <- name
		case e.Code != airsocket.StatusGoingAway || !e.WasClean || !e.WillReconnect:
			l.t.Errorf("close %d %q, clean %t", e.Code, e.Reason, e.WasClean)
		default:
			l.closed++
		}
	})
	l.connect(s)
}

// comeAndGo starts a client that connects, sends message n, closes the connection, and
// begins again.
func (l *load) comeAndGo(name string, n int) {
	s := airsocket.NewSocket(&l.opts)
	message := fmt.Sprint(name, "-", n)
	l.fault(s)
	s.OnOpen(func(*airsocket.OpenEvent) {
		l.opened++
		l.send(s, message)
	})
	s.OnMessage(func(e *airsocket.MessageEvent) {
		l.acknowledged(e, message)
		s.Close(airsocket.StatusNormalClosure, "")
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		acked := l.sent[message]
		if !e.WasClean || e.Code != airsocket.StatusGoingAway && !acked {
			l.t.Errorf("close %d %q, clean %t", e.Code, e.Reason, e.WasClean)
		}
		switch {
		case !acked:
			l.closed++
			l.comeAndGo(name, n)
		case l.stopping:
			l.done <- name
		default:
			l.comeAndGo(name, n+1)
		}
	})
	l.connect(s)
}

func (l *load) connect(s *airsocket.Socket) {
	if err := s.Connect(l.url); err != nil {
		l.t.Error(err)
	}
}

// TestRestarts checks that clients that connect and send without a pause see nothing of
// twenty restarts but clean closes with status code 1001: each message is acknowledged, and
// those that are sent again had no effect before.
func TestRestarts(t *testing.T) {
	t.Run("listening", func(t *testing.T) {
		s := serve(t, nil, os.Stderr)
		s.testRestarts("ws://"+s.addr, nil)
	})
	t.Run("systemd", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s := serve(t, f, os.Stderr)
		s.testRestarts("ws://"+s.addr, nil)
	})
	t.Run("tls", func(t *testing.T) {
		cert, key, roots := certificate(t)
		s := serve(t, nil, os.Stderr, "-cert", cert, "-key", key)
		s.testRestarts("wss://"+s.addr, &tls.Config{RootCAs: roots})
	})
	t.Run("unix", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "socket")
		s := serve(t, nil, os.Stderr, "-addr", "unix:"+path)
		s.testRestarts("ws+unix://"+path+":/", nil)
	})
}

// certificate writes a certificate for 127.0.0.1 and its key to files.
func certificate(t *testing.T) (cert, key string, roots *x509.CertPool) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AddCert(own)
	return cert, key, roots
}

func (s *service) testRestarts(url string, config *tls.Config) {
	t := s.t
	d := new(airsocket.Dispatcher)
	l := &load{
		t: t, url: url, opts: airsocket.Options{Dispatcher: d, TLS: config}, sent: map[string]bool{},
		met: make(chan int, (restarts+1)*staying), done: make(chan string),
	}
	d.Post(func() {
		for i := range staying {
			l.stay(fmt.Sprint("s", i))
		}
		for i := range connecting {
			l.comeAndGo(fmt.Sprint("c", i), 0)
		}
	})
	l.meet(s.pid)
	for range restarts {
		s.restart()
		l.meet(s.pid)
	}
	d.Post(func() { l.stopping = true })
	for range staying + connecting {
		<-l.done
	}
	times := map[string]int{}
	for _, message := range s.stop() {
		times[message]++
	}
	d.Run(func() {
		for message, acked := range l.sent {
			if !acked || times[message] != 1 {
				t.Errorf("%s: acknowledged %t, %d times in the journal", message, acked, times[message])
			}
		}
		if len(times) != len(l.sent) || l.closed < restarts*staying {
			t.Errorf("%d messages sent, %d in the journal, %d sockets closed by the server", len(l.sent), len(times), l.closed)
		}
		t.Logf("%d restarts, %d connections, none refused; %d closed by the server; %d messages, each stored and acknowledged once", restarts, l.opened, l.closed, len(times))
	})
}

// meet waits until all staying clients have met the process.
func (l *load) meet(pid int) {
	for range staying {
		if got := <-l.met; got != pid {
			l.t.Errorf("a client has met process %d instead of %d", got, pid)
		}
	}
}
