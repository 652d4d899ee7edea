package connecting

import (
	"errors"
	"net"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// listenAndServe runs srv until the end of the test. It returns when the unix
// socket is there.
func listenAndServe(t *testing.T, srv *airsocket.Server, path string) {
	t.Helper()
	wstest.ServeUntilEnd(t, srv, srv.ListenAndServe)
	for deadline := time.Now().Add(wstest.Patience); ; runtime.Gosched() {
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
	listenAndServe(t, wstest.Echoing(&airsocket.Server{Addr: "unix:" + path}), path)
	for _, url := range []string{"ws+unix://" + path, "ws+unix:" + path + ":/", "ws+unix://" + path + ":/a/b:c?d=e"} {
		wstest.Try(t, &airsocket.Options{}, url).WantEcho(t)
	}
}

func TestConnectUnixTLS(t *testing.T) {
	root := wstest.NewAuthority(t, nil)
	path := filepath.Join(t.TempDir(), "socket")
	srv := &airsocket.Server{Addr: "unix:" + path, TLSConfig: root.ClientConfig()}
	srv.TLSConfig.Certificates = append(srv.TLSConfig.Certificates, root.Issue(t, wstest.ServerCertificate()))
	listenAndServe(t, wstest.Echoing(srv), path)
	wstest.Try(t, &airsocket.Options{TLS: root.ClientConfig()}, "wss+unix://"+path+":/").WantEcho(t)
}

func TestConnectUnixWithoutServer(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	a := wstest.Try(t, &airsocket.Options{}, "ws+unix://"+path)
	if op := wstest.Fails[*net.OpError](t, a); op.Net != "unix" {
		t.Errorf("the network is %s", op.Net)
	}
}

func TestListenAndServeUnixFails(t *testing.T) {
	err := (&airsocket.Server{Addr: "unix:" + filepath.Join(t.TempDir(), "no", "such")}).ListenAndServe()
	if op, ok := errors.AsType[*net.OpError](err); !ok || op.Net != "unix" {
		t.Errorf("ListenAndServe: %v", err)
	}
}
