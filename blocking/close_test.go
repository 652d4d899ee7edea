package blocking_test

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// TestClose checks that Close sends what was written, waits for the end, and ends calls
// that wait.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{MaxBuffered: 1000}, &airsocket.Options{})
		write(t, c, "last words")
		write(t, s, "not read")
		synctest.Wait()
		if err := c.Close(999, ""); !errors.Is(err, airsocket.ErrCode) {
			t.Errorf("Close with a code that may not be sent: %v", err)
		}
		if err := c.Close(4000, "done"); err != nil {
			t.Errorf("Close: %v", err)
		}
		if st := c.Socket().ReadyState(); st != airsocket.StateClosed {
			t.Errorf("the state after Close is %d", st)
		}
		if _, _, err := c.Read(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read after Close: %v", err)
		}
		if err := c.Write(t.Context(), wire.Text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write after Close: %v", err)
		}
		for m, err := range c.Messages(t.Context()) {
			t.Errorf("Messages after Close: %q, %v", m.Data, err)
		}
		if err := c.Close(1000, ""); err != nil {
			t.Errorf("another Close: %v", err)
		}
		want(t, s, "last words")
		_, _, err := s.Read(t.Context())
		if end, ok := errors.AsType[*airsocket.CloseError](err); !ok || end.Code != 4000 || end.Reason != "done" {
			t.Errorf("the peer read %v", err)
		}
		if err := s.Close(1000, ""); err != nil {
			t.Errorf("Close after the peer's: %v", err)
		}
	})
}

func TestCloseWakesOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{MaxBuffered: 1}, &airsocket.Options{})
		synctest.Wait()
		s.Socket().Pause()
		read, wrote := make(chan error, 1), make(chan error, 1)
		go func() {
			_, _, err := c.Read(t.Context())
			read <- err
		}()
		go func() {
			for {
				if err := c.Write(t.Context(), wire.Text, []byte("accepted")); err != nil {
					wrote <- err
					return
				}
			}
		}()
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- c.Close(1000, "") }()
		synctest.Wait()
		if len(read) != 1 || len(wrote) != 1 || len(closed) != 0 {
			t.Errorf("ended: %d Reads, %d Writes, %d Closes", len(read), len(wrote), len(closed))
		}
		s.Socket().Resume()
		for _, errs := range []chan error{read, wrote} {
			if err := <-errs; !errors.Is(err, net.ErrClosed) {
				t.Errorf("a call that waited: %v", err)
			}
		}
		want(t, s, "accepted")
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// TestCloseOfAFullConn checks that messages that nobody reads do not keep Close waiting.
func TestCloseOfAFullConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{}, &airsocket.Options{})
		for range 100 {
			if err := c.Write(t.Context(), wire.Binary, make([]byte, 10<<10)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		start := time.Now()
		if err := s.Close(1000, ""); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("Close took %v", took)
		}
	})
}

// TestCloseTimeout checks that Close waits no longer than Options.CloseTimeout, and says
// that the peer has not answered.
func TestCloseTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := pair(t, &airsocket.Options{CloseTimeout: time.Minute}, &airsocket.Options{})
		synctest.Wait()
		s.Socket().Pause()
		start := time.Now()
		err := c.Close(1000, "")
		if end, ok := errors.AsType[*airsocket.CloseError](err); !ok || end.Code != 1006 || !errors.Is(err, airsocket.ErrCloseTimeout) {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("Close took %v", took)
		}
		s.Socket().Resume()
	})
}

func TestCloseBeforeStart(t *testing.T) {
	c := newConn(t, airsocket.NewSocket(nil))
	if err := c.Close(1000, ""); !errors.Is(err, airsocket.ErrInvalidState) {
		t.Errorf("Close: %v", err)
	}
}
