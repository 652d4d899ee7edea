package airsocket_test

import (
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestHangupAfterABubble checks that a bubble of testing/synctest that uses TCP
// does not disturb the detection of hangups: the end of a later connection is
// noticed even if it comes together with data.
func TestHangupAfterABubble(t *testing.T) {
	for range 2 {
		synctest.Test(t, func(t *testing.T) {
			theirs, ours := wstest.TCPPair(t)
			s := airsocket.NewSocket(&airsocket.Options{Dispatcher: new(airsocket.Dispatcher)})
			ended := make(chan airsocket.StatusCode, 1)
			s.OnMessage(func(e *airsocket.MessageEvent) { s.Send(e.Text()) })
			s.OnClose(func(e *airsocket.CloseEvent) { ended <- e.Code })
			s.StartServer(ours)
			p := wstest.NewRawPeer(t, theirs, true)
			p.Open()
			p.Send(wstest.OpText, "x")
			p.Want(wstest.OpText, "x")
			cork(theirs)
			p.Send(wstest.OpText, "y")
			theirs.CloseWrite()
			p.Want(wstest.OpText, "y")
			if code := <-ended; code != airsocket.StatusAbnormalClosure {
				t.Errorf("closed with %d", code)
			}
		})
	}
	TestHangupWithData(t)
}

// TestHandshakeTimeoutAfterABubble checks that handshake timeouts do not depend on
// a timer of an earlier bubble.
func TestHandshakeTimeoutAfterABubble(t *testing.T) {
	opts := &airsocket.Options{HandshakeTimeout: 100 * time.Millisecond, Parallel: true}
	silent := func(t *testing.T) {
		_, ours := wstest.TCPPair(t)
		s := airsocket.NewSocket(opts)
		failed := make(chan error, 1)
		s.OnError(func(e *airsocket.ErrorEvent) { failed <- e.Err })
		s.StartServer(ours)
		if err := <-failed; err != airsocket.ErrHandshakeTimeout {
			t.Error(err)
		}
	}
	quick := func(t *testing.T) {
		theirs, ours := wstest.TCPPair(t)
		s := airsocket.NewSocket(opts)
		s.StartServer(ours)
		p := wstest.NewRawPeer(t, theirs, true)
		p.Open()
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	}
	synctest.Test(t, quick)
	synctest.Test(t, silent)
	silent(t)
	synctest.Test(t, silent)
}

// TestDataBehindUrgentData checks that data after TCP's urgent data is read,
// although a read ends there.
func TestDataBehindUrgentData(t *testing.T) {
	for range 5 {
		begun, sent := make(chan struct{}), make(chan struct{})
		lengths := make([]int, 0, 3)
		theirs, ours := wstest.TCPPair(t)
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if lengths = append(lengths, len(e.Bytes())); len(lengths) == 1 {
				close(begun)
				<-sent
			}
		})
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			p := wstest.NewRawPeer(t, theirs, true)
			p.SetDeadline(time.Now().Add(wstest.Patience))
			p.Open()
			p.Send(wstest.OpText, "1")
			<-begun
			p.Send(wstest.OpText, "12")
			raw, err := theirs.SyscallConn()
			if err != nil {
				t.Error(err)
			}
			raw.Control(func(fd uintptr) { err = syscall.Sendto(int(fd), []byte{0}, syscall.MSG_OOB, nil) })
			if err != nil {
				t.Error(err)
			}
			p.Send(wstest.OpText, "123")
			p.Send(wstest.OpPing, "")
			close(sent)
			p.Want(wstest.OpPong, "")
			p.Send(wstest.OpClose, "")
			p.Want(wstest.OpClose, "")
			p.FinishClose()
		}()
		wstest.Run(t, d, func() { s.StartServer(ours) })
		<-ended
		if !slices.Equal(lengths, []int{1, 2, 3}) {
			t.Errorf("messages of the lengths %v, want 1, 2 and 3", lengths)
		}
	}
}
