package serving

import (
	"crypto/tls"
	"os"
	"os/exec"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestForeignTLSWithoutDescriptors checks that a tls.Conn of somebody else is served
// although the process has no more descriptors. It runs a process of its own.
func TestForeignTLSWithoutDescriptors(t *testing.T) {
	if os.Getenv(openLimit) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestForeignTLSWithoutDescriptors$", "-test.v")
		cmd.Env = append(os.Environ(), openLimit+"=TLS")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	h := newWebHost(t, &airsocket.Options{})
	first, _, _ := h.connect()
	ours, theirs := wstest.TCPPair(t)
	before := len(wstest.OpenFiles(t))
	// The list itself is one of the files, and numbers below the limit may be free.
	setLimit(t, 1)
	closed := make(chan bool, 1)
	root := wstest.NewAuthority(t, nil)
	s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
	s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
	s.OnClose(func(*airsocket.CloseEvent) { closed <- true })
	config := &tls.Config{Certificates: []tls.Certificate{root.Issue(t, wstest.ServerCertificate())}}
	if err := s.StartServer(tls.Server(ours, config)); err != nil {
		t.Fatal(err)
	}
	p := wstest.NewRawPeer(t, tls.Client(theirs, &tls.Config{InsecureSkipVerify: true}), true)
	p.Open()
	exchange(p, "without")
	exchange(first, "with")
	setLimit(t, uint64(before+100))
	exchange(p, "still without")
	p.Conn.Close()
	wstest.Receive(t, closed)
}
