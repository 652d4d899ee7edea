package airsocket_test

import (
	"bytes"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestPongsThatCannotBeSent checks that a peer that sends pings and does not read
// gets one pong, for its latest ping (RFC 6455, section 5.5.3), however many pings
// it has sent.
func TestPongsThatCannotBeSent(t *testing.T) {
	const pings = 999 // after one more nothing is read: see TestPingsWithoutReading
	stuck, seen := make(chan struct{}), make(chan struct{})
	var waiting int
	sent := map[wire.Kind]int{}
	hooks := &airsocket.Hooks{Sent: func(_ *airsocket.Socket, kind wire.Kind, _ int) { sent[kind]++ }}
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered, o.Hooks = -1, hooks }, func(s *airsocket.Socket) {
		count := 0
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for s.BufferedAmount() < 32<<20 { // much more than the system still takes
				s.SendBytes(make([]byte, 1<<20))
				s.Flush()
			}
			waiting = s.BufferedAmount()
			close(stuck)
		})
		s.OnPing(func(*airsocket.PingEvent) { count++ })
		s.OnMessage(func(*airsocket.MessageEvent) {
			if more := s.BufferedAmount() - waiting; count != pings || more > 0 {
				t.Errorf("%d bytes of pongs are waiting after %d pings", more, count)
			}
			close(seen)
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		<-stuck
		var all []byte
		for i := range pings {
			all = append(all, p.Frame(wstest.OpPing, strconv.Itoa(i))...)
		}
		p.WriteRaw(append(all, p.Frame(wstest.OpText, "")...))
		<-seen
		for {
			first, payload, err := p.ReadFrame()
			if err != nil {
				t.Error(err)
				return
			}
			if first != wstest.OpBinary {
				if first != wstest.OpPong || payload != strconv.Itoa(pings-1) {
					t.Errorf("frame %#x %q", first, payload)
				}
				break
			}
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
	j.WantError(nil)
	if sent[wire.Pong] != 1 {
		t.Errorf("Hooks.Sent was called for %d pongs, want 1", sent[wire.Pong])
	}
}

// TestEachPingIsAnswered checks that every ping of a peer that reads the pongs is
// answered.
func TestEachPingIsAnswered(t *testing.T) {
	wstest.StartServer(t, nil, nil, func(p *wstest.RawPeer) {
		p.Open()
		var all []byte
		for i := range 100 {
			all = append(all, p.Frame(wstest.OpPing, strconv.Itoa(i))...)
		}
		p.WriteRaw(all)
		for i := range 100 {
			p.Want(wstest.OpPong, strconv.Itoa(i))
		}
		p.Send(wstest.OpClose, "")
		p.Want(wstest.OpClose, "")
		p.FinishClose()
	})
}

// TestMemoryOfWhatWaits checks that messages waiting for a peer that does not read
// take little more memory than the length of their payloads, whatever that is.
func TestMemoryOfWhatWaits(t *testing.T) {
	const most = 16 << 20
	for _, size := range []int{100, 1000, 20 << 10, 33 << 10, 100 << 10, 1<<20 + 1, 2200 << 10, 5 << 20} {
		for _, name := range []string{"server", "client"} {
			t.Run(name+" "+strconv.Itoa(size), func(t *testing.T) {
				start := wstest.StartServer
				if name == "client" {
					start = wstest.StartClient
				}
				filled := make(chan struct{})
				start(t, func(o *airsocket.Options) { o.MaxBuffered = most }, func(s *airsocket.Socket) {
					airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
						message := bytes.Repeat([]byte{'x'}, size)
						before := liveMemory()
						for {
							err := s.SendBytes(message)
							if errors.Is(err, airsocket.ErrBufferFull) {
								break
							}
							if err != nil {
								t.Error(err)
								break
							}
						}
						after, waiting := liveMemory(), s.BufferedAmount()
						if waiting > most+14 || waiting < most-size-100 { // the last header comes on top
							t.Errorf("%d bytes are waiting", waiting)
						}
						if took := int64(after) - int64(before); took > 18<<20 {
							t.Errorf("%d waiting bytes take %d bytes of memory", waiting, took)
						}
						close(filled)
						s.Drop(1001, "")
					})
				}, func(p *wstest.RawPeer) {
					if p.Client {
						p.Open()
					} else {
						p.Accept()
					}
					<-filled
					p.Close()
				})
			})
		}
	}
}

// liveMemory returns the number of bytes of the heap that are in use, without those
// that pools can release.
func liveMemory() uint64 {
	for range 3 { // a pool keeps its contents for one collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestOrderOfWhatWaits checks that messages of all lengths arrive whole and in
// order when most of them had to wait.
func TestOrderOfWhatWaits(t *testing.T) {
	var lengths []int
	for i := range 400 {
		lengths = append(lengths, []int{1, 200, 4000, 40 << 10, 70 << 10, 300 << 10}[i*7%6])
	}
	prepared, err := airsocket.Prepare(wire.Text, []byte("prepared"))
	if err != nil {
		t.Fatal(err)
	}
	j := wstest.StartServer(t, func(o *airsocket.Options) { o.MaxBuffered = -1 }, func(s *airsocket.Socket) {
		airsocket.AddEventListener(s, airsocket.EventOpen, func(*airsocket.OpenEvent) {
			for i, n := range lengths {
				if err := s.Send(strings.Repeat(string(rune('a'+i%26)), n)); err != nil {
					t.Error(err)
				}
				if i%10 == 0 {
					s.SendPrepared(prepared)
				}
			}
			s.Close(1000, "")
		})
	}, func(p *wstest.RawPeer) {
		p.Open()
		for i, n := range lengths {
			p.Want(wstest.OpText, strings.Repeat(string(rune('a'+i%26)), n))
			if i%10 == 0 {
				p.Want(wstest.OpText, "prepared")
			}
		}
		p.Want(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.Send(wstest.OpClose, wstest.ClosePayload(1000, ""))
		p.FinishClose()
	})
	j.Want("open", `close 1000 "" clean`)
}
