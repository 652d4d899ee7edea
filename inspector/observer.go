package inspector

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// protocol is the subprotocol of observers.
const protocol = "airsocket-observe"

// The limits of observers.
const (
	maxObservers      = 32
	maxObserversPerIP = 8
	maxWatch          = 64 << 10  // bytes of a message
	maxQueue          = 1000      // events that wait to be sent
	moreQueue         = 32        // for events other than frames
	maxQueued         = 256 << 10 // bytes of events that wait, and the last event more
	maxTurn           = 32 << 10  // bytes to send in one turn, and one event more
	maxBuffered       = 1 << 20   // bytes that wait, of which there are no more than that
	endWithin         = 5 * time.Second
)

// newAccess returns the Server of the observers. It is not the one that they observe, so they
// are neither in its Broadcast nor do they hold up its Shutdown.
func (i *inspection) newAccess() *airsocket.Server {
	access := &airsocket.Server{
		MaxConns:       maxObservers,
		MaxConnsPerIP:  maxObserversPerIP,
		TrustedProxies: i.srv.TrustedProxies,
		Options: &airsocket.Options{ // no Origins: only pages of the server itself
			Dispatcher:   new(airsocket.Dispatcher),
			MaxMessage:   maxWatch,
			MaxFrame:     maxWatch,
			MaxBuffered:  maxBuffered,
			RateLimit:    &airsocket.RateLimit{Messages: 10, Burst: 50, Bytes: maxWatch},
			PingInterval: 30 * time.Second,
			CloseTimeout: endWithin,
		},
	}
	access.OnRequest(i.admit)
	return access
}

// admit decides on the request of an observer.
func (i *inspection) admit(r *airsocket.Request) {
	id := i.identify(r.Origin, r.HTTP())
	switch {
	case r.Origin == "":
		r.Reject(http.StatusForbidden, "only pages can observe")
		return
	case !id.addr.IsValid():
		r.Reject(http.StatusForbidden, "clients without an IP address cannot observe")
		return
	case id.cookie == "":
		r.Reject(http.StatusForbidden, "only a page that has the cookie can observe: load it first")
		return
	case !slices.Contains(r.Protocols, protocol):
		r.Reject(http.StatusBadRequest, "this is for the subprotocol "+protocol)
		return
	}
	o := &observer{inspection: i, socket: r.Socket(), id: id}
	i.mu.Lock()
	ending := i.ending
	if !ending {
		i.observers[o] = struct{}{}
	}
	i.mu.Unlock()
	if ending {
		r.Reject(http.StatusServiceUnavailable, "the server is shutting down")
		return
	}
	o.socket.OnMessage(o.receive)
	o.socket.OnDrain(func(*airsocket.DrainEvent) { o.flush() })
	o.socket.OnClose(func(*airsocket.CloseEvent) { o.over() })
	r.Accept(protocol)
}

// An observer is a page that is shown connections. What it is told waits in a queue, so that
// hooks never wait for it.
type observer struct {
	inspection *inspection
	socket     *airsocket.Socket
	id         identity

	mu      sync.Mutex
	watch   *watch   // the latest, nil before there is one
	queue   [][]byte // events, and nil for the end
	queued  int      // bytes in the queue
	skipped int      // events since the last one in the queue
	busy    bool     // flush will be called, or the observer has gone
	ending  bool
}

// receive begins a new watch.
func (o *observer) receive(e *airsocket.MessageEvent) {
	var m struct {
		Watch string `json:"watch"`
	}
	if e.Binary() || json.Unmarshal(e.Bytes(), &m) != nil || !strings.HasPrefix(m.Watch, "/") {
		o.socket.Close(airsocket.StatusPolicyViolation, "not a watch")
		return
	}
	o.mu.Lock()
	before := o.watch
	w := &watch{observer: o, target: m.Watch, start: time.Now()}
	o.watch = w
	o.mu.Unlock()
	o.inspection.begin(w, before)
	o.tell(w, watchingEvent{"watching"})
}

// tell sends an event of w, unless there is another watch by now. It never waits, and may be
// called from any goroutine.
func (o *observer) tell(w *watch, ev any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w == o.watch {
		o.enqueueLocked(ev, maxQueue+moreQueue, maxQueued)
	}
}

// tellFrame is tell for events of which there may be any number.
func (o *observer) tellFrame(w *watch, ev frameEvent) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w == o.watch {
		o.enqueueLocked(ev, maxQueue, maxQueued)
	}
}

// tellLast is tell for the last event of a connection.
func (o *observer) tellLast(w *watch, ev any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w != o.watch {
		return
	}
	o.enqueueLocked(ev, maxQueue+moreQueue, math.MaxInt)
	if o.ending {
		o.closeLocked()
	}
}

// enqueueLocked puts ev into the queue, unless that has the most events or bytes.
func (o *observer) enqueueLocked(ev any, most, mostBytes int) {
	if len(o.queue) >= most {
		o.skipped++ // without the work to encode it
		return
	}
	text := encode(ev)
	if o.queued+len(text) > mostBytes {
		o.skipped++
		return
	}
	if o.skipped > 0 {
		o.appendLocked(encode(skippedEvent{"skipped", o.skipped}))
		o.skipped = 0
	}
	o.appendLocked(text)
}

func (o *observer) appendLocked(text []byte) {
	o.queue = append(o.queue, text)
	o.queued += len(text)
	if !o.busy {
		o.busy = true
		o.inspection.access().Options.Dispatcher.Post(o.flush)
	}
}

// end closes the connection of the observer, when the one that it is shown has ended if that
// is among the given ones.
func (o *observer) end(showing map[*watch]bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ending = true
	if !showing[o.watch] {
		o.closeLocked()
	}
}

// closeLocked closes the connection after what waits to be sent.
func (o *observer) closeLocked() { o.appendLocked(nil) }

// flush sends what is in the queue, in a turn, as far as the observer reads it. If it does
// not, the drain event goes on.
func (o *observer) flush() {
	if o.socket.BufferedAmount() > 0 {
		return
	}
	for sent := 0; sent < maxTurn; {
		text, ok := o.next()
		if !ok {
			return
		}
		if text == nil {
			o.socket.Close(airsocket.StatusGoingAway, "")
			return
		}
		if o.socket.SendMessage(wire.Text, text) != nil {
			o.socket.Close(airsocket.StatusInternalError, "") // or it is closing already
			return
		}
		sent += len(text)
	}
	o.inspection.access().Options.Dispatcher.Post(o.flush)
}

// next takes the next event out of the queue. It returns false if there is none.
func (o *observer) next() (text []byte, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case len(o.queue) > 0:
		text = o.queue[0]
		o.queue[0] = nil
		o.queue = o.queue[1:]
		o.queued -= len(text)
	case o.skipped > 0:
		text = encode(skippedEvent{"skipped", o.skipped})
		o.skipped = 0
	default:
		o.queue, o.busy = nil, false
		return nil, false
	}
	return text, true
}

// over forgets the observer, whose connection has ended.
func (o *observer) over() {
	o.mu.Lock()
	w := o.watch
	o.watch, o.queue, o.busy = nil, nil, true
	o.mu.Unlock()
	i := o.inspection
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeLocked(w)
	delete(i.observers, o)
}
