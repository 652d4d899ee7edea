package airsocket_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// holdTurn takes a turn of the scene's Dispatcher in another goroutine, so that no
// handler runs before release is called.
func (sc *scene) holdTurn() (release func()) {
	held, done := make(chan struct{}), make(chan struct{})
	sc.opts.Dispatcher.Post(func() {
		close(held)
		<-done
	})
	<-held
	return func() { close(done) }
}

// readyAfter returns the ReadyState that a call leads to at once. It has returned err.
func (st *socketState) readyAfter(act string, err error) airsocket.ReadyState {
	is := func(acts string) bool { return slices.Contains(strings.Fields(acts), act) }
	asked := st.name == "in OnConnect" || st.name == "in OnRequest, undecided"
	switch {
	case err != nil:
	case is("Connect StartServer"):
		return airsocket.StateConnecting
	case is("Close CloseTwice Close0 Close1001 SendMessageClose") && asked: // the connection is opened first
	case is("Close CloseTwice Close0 Close1001 SendMessageClose Drop DropTwice CloseDrop ServerClose ServerCloseDrop") && st.ready != airsocket.StateClosed:
		return airsocket.StateClosing
	}
	return st.ready
}

// What a call does to the ReadyState can be seen when it returns, before any handler
// has run.
func TestReadyStateAfterEveryCall(t *testing.T) {
	const calls = starts + " " + messages + " SendPart SendUncompressed " + badMessages + " " + badCloses + " " + longReasons +
		" Close CloseTwice Close0 Close1001 SendMessageClose Drop DropTwice CloseDrop Pause Resume Flush ServerClose ServerCloseDrop"
	for _, st := range allStates() {
		for _, role := range []string{"client", "server"} {
			if st.roles != "" && st.roles != role {
				continue
			}
			for _, act := range strings.Fields(calls) {
				if !st.applies(act, role) {
					continue
				}
				t.Run(st.name+"/"+role+"/"+act, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						sc := newScene(t, role, act)
						sc.holds = !st.inTurn
						sc.run(&st)
						if want := st.readyAfter(act, sc.err); sc.after != want {
							t.Errorf("ReadyState was %d and is %d, want %d", sc.state, sc.after, want)
						}
					})
				})
			}
		}
	}
}

// hijacking is a ResponseWriter whose connection cannot be taken over. What it is
// asked for is told to hijacked.
type hijacking struct {
	http.ResponseWriter
	hijacked func()
}

func (w hijacking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.hijacked()
	return nil, nil, errors.New("not this one")
}

// An Upgrade that fails leaves a Socket that can be started, and of which no event
// tells, even if it is closed meanwhile.
func TestReadyStateAfterAFailedUpgrade(t *testing.T) {
	for name, during := range map[string]func(*airsocket.Socket) error{
		"nothing": func(*airsocket.Socket) error { return nil },
		"Close":   func(s *airsocket.Socket) error { return s.Close(1000, "") },
		"Drop":    func(s *airsocket.Socket) error { return s.Drop(1000, "") },
	} {
		d := new(airsocket.Dispatcher)
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		j := wstest.Follow(t, s)
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(wstest.UpgradeRequest)))
		if err != nil {
			t.Fatal(err)
		}
		w := hijacking{httptest.NewRecorder(), func() {
			if err := during(s); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}}
		wstest.Run(t, d, func() {
			if err := s.Upgrade(w, r); err == nil {
				t.Errorf("%s: Upgrade has returned no error", name)
			}
			if got := s.ReadyState(); got != airsocket.StateClosed {
				t.Errorf("%s: ReadyState is %d", name, got)
			}
			if err := errors.Join(s.Drop(1000, ""), s.Close(1000, "")); err != nil { // as on any Socket that is closed
				t.Errorf("%s: %v", name, err)
			}
		})
		j.Want()
		ours, theirs := net.Pipe()
		if err := s.StartServer(ours); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		theirs.Close()
		wstest.Run(t, d, func() {})
		j.Want(wstest.Refused...)
	}
}
