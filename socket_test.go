package airsocket_test

import (
	"bytes"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

func TestEcho(t *testing.T) {
	url := wstest.ServeEcho(t, nil)
	d := new(airsocket.Dispatcher)
	var got [][]byte
	sizes := []int{0, 1, 125, 126, 65535, 65536, 1 << 20}
	d.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{Dispatcher: d})
		s.OnOpen(func(*airsocket.OpenEvent) {
			for _, n := range sizes {
				if err := s.SendBytes(bytes.Repeat([]byte{byte(n)}, n)); err != nil {
					t.Error(err)
				}
			}
		})
		s.OnMessage(func(e *airsocket.MessageEvent) {
			got = append(got, e.Clone())
			if len(got) == len(sizes) {
				s.Close(1000, "bye")
			}
		})
		s.OnError(func(e *airsocket.ErrorEvent) { t.Error(e.Err) })
		s.OnClose(func(e *airsocket.CloseEvent) {
			if e.Code != 1000 || e.Reason != "bye" || !e.WasClean {
				t.Errorf("close: %+v", e)
			}
		})
		if err := s.Connect(url); err != nil {
			t.Error(err)
		}
	})
	for i, n := range sizes {
		if i >= len(got) || !bytes.Equal(got[i], bytes.Repeat([]byte{byte(n)}, n)) {
			t.Errorf("message %d of %d bytes came back wrong", i, n)
		}
	}
}
