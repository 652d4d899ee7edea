package airsocket_test

import (
	"errors"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

func echoing(srv *airsocket.Server) *airsocket.Server {
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) { s.SendMessage(e.Kind(), e.Bytes()) })
	})
	return srv
}

// listenAndServe runs srv until the test is over, once its socket is there.
func listenAndServe(t *testing.T, srv *airsocket.Server, path string) {
	t.Helper()
	serveUntilTheEnd(t, srv, srv.ListenAndServe)
	for deadline := time.Now().Add(patience); ; runtime.Gosched() {
		if conn, err := net.Dial("unix", path); err == nil {
			conn.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the server does not listen")
		}
	}
}

func listenUnix(t testing.TB, path string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestConnectUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a socket")
	listenAndServe(t, echoing(&airsocket.Server{Addr: "unix:" + path}), path)
	for _, url := range []string{"ws+unix://" + path, "ws+unix:" + path + ":/", "ws+unix://" + path + ":/a/b:c?d=e"} {
		try(t, &airsocket.Options{}, url).wantEcho(t)
	}
}

func TestConnectUnixTLS(t *testing.T) {
	root := newAuthority(t, nil)
	path := filepath.Join(t.TempDir(), "socket")
	srv := &airsocket.Server{Addr: "unix:" + path, TLSConfig: root.trust()}
	srv.TLSConfig.Certificates = append(srv.TLSConfig.Certificates, root.issue(t, serverCertificate()))
	listenAndServe(t, echoing(srv), path)
	try(t, &airsocket.Options{TLS: root.trust()}, "wss+unix://"+path+":/").wantEcho(t)
}

func TestConnectUnixWithoutServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	a := try(t, &airsocket.Options{}, "ws+unix://"+path)
	if op := fails[*net.OpError](t, a); op.Net != "unix" {
		t.Errorf("the network is %s", op.Net)
	}
}

func TestListenAndServeUnixFails(t *testing.T) {
	err := (&airsocket.Server{Addr: "unix:" + filepath.Join(t.TempDir(), "no", "such")}).ListenAndServe()
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Net != "unix" {
		t.Errorf("ListenAndServe: %v", err)
	}
}
