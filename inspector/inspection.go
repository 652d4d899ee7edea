package inspector

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/forwarded"
	"github.com/airsocket/airsocket/wire"
)

// An inspection serves the page, and shows observers the connections of a Server.
type inspection struct {
	srv    *airsocket.Server
	access func() *airsocket.Server // for the observers, made when srv has all its settings

	waiting atomic.Int32 // watches without a connection
	showing atomic.Int32 // watches with a connection

	mu        sync.Mutex
	observers map[*observer]struct{}
	watches   []*watch                     // without a connection, the latest last
	shown     map[*airsocket.Socket]*watch // with a connection that has not ended
	ending    bool
}

// A watch waits for a connection to a target, and then shows it.
type watch struct {
	observer *observer
	target   string
	start    time.Time
	errors   *airsocket.Listener // of the connection
	failed   error               // that the connection has reported; used only in its turns
}

// time returns how long ago the watch began, in seconds.
func (w *watch) time() float64 { return time.Since(w.start).Round(time.Microsecond).Seconds() }

// An identity is what a server knows of the browser that has made a request.
type identity struct {
	addr           netip.Addr
	origin, cookie string
}

// cookieOf returns the name of the cookie by which the page and its connections are known to be
// of the same browser. Its value is random, and need not be remembered. Over TLS it has the
// prefix without which other hosts of the domain, and whoever is on the way, could set it.
func cookieOf(r *http.Request) string {
	if r.TLS != nil {
		return "__Host-airsocket-inspector"
	}
	return "airsocket-inspector"
}

func newInspection(srv *airsocket.Server) *inspection {
	i := &inspection{srv: srv, observers: make(map[*observer]struct{}), shown: make(map[*airsocket.Socket]*watch)}
	i.access = sync.OnceValue(i.newAccess)
	return i
}

func (i *inspection) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path.Clean("/" + r.URL.Path) {
	case "/observe":
		i.access().ServeHTTP(w, r)
		return
	case "/":
		if name := cookieOf(r); len(r.CookiesNamed(name)) == 0 {
			http.SetCookie(w, &http.Cookie{Name: name, Value: rand.Text(), Path: "/", Secure: r.TLS != nil, HttpOnly: true, SameSite: http.SameSiteStrictMode})
		}
	}
	servePage(w, r)
}

// identify returns who has made a request. srv.TrustedProxies are trusted for observers and
// for what they observe alike.
func (i *inspection) identify(origin string, r *http.Request) identity {
	id := identity{origin: origin}
	for _, c := range r.CookiesNamed(cookieOf(r)) {
		id.cookie += c.Value + ";"
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		id.addr = forwarded.Client(from.Addr().Unmap(), r.Header.Values("X-Forwarded-For"), i.srv.TrustedProxies)
	}
	return id
}

// asksToObserve reports whether a request is one of an observer.
func asksToObserve(r *handshake.Request) bool {
	target, _, _ := strings.Cut(r.Target, "?")
	return r.Header.Get("Sec-WebSocket-Protocol") == protocol && strings.HasSuffix(target, "/observe")
}

// begin lets w wait for a connection in place of before, which may be nil.
func (i *inspection) begin(w, before *watch) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.removeLocked(before)
	i.watches = append(i.watches, w)
	i.waiting.Store(int32(len(i.watches)))
}

func (i *inspection) removeLocked(w *watch) {
	if at := slices.Index(i.watches, w); at >= 0 {
		i.watches = slices.Delete(i.watches, at, at+1)
		i.waiting.Store(int32(len(i.watches)))
	}
}

// claim returns the watch to which the connection of s belongs, or nil. The latest goes
// first: an earlier one may be of a page that has never connected.
func (i *inspection) claim(s *airsocket.Socket, req *handshake.Request, id identity) *watch {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, w := range slices.Backward(i.watches) {
		if w.target == req.Target && w.observer.id == id {
			i.removeLocked(w)
			i.shown[s] = w
			i.showing.Store(int32(len(i.shown)))
			return w
		}
	}
	return nil
}

// isWatched reports whether a watch waits for the target.
func (i *inspection) isWatched(target string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.ContainsFunc(i.watches, func(w *watch) bool { return w.target == target })
}

// of returns the watch that shows s, or nil.
func (i *inspection) of(s *airsocket.Socket) *watch {
	if i.showing.Load() == 0 {
		return nil
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.shown[s]
}

// finish tells the observer of w, which shows s, the last event of s. Between that and the end
// of w nothing ends the observer.
func (i *inspection) finish(s *airsocket.Socket, w *watch, last any) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.shown, s)
	i.showing.Store(int32(len(i.shown)))
	w.observer.tellLast(w, last)
}

// end ends all observers, each when the connection that it shows has ended, or after some
// seconds.
func (i *inspection) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ending = true
	showing := map[*watch]bool{}
	for _, w := range i.shown {
		showing[w] = true
	}
	for o := range i.observers {
		o.end(showing)
	}
	if len(i.observers) > 0 {
		access := i.access()
		time.AfterFunc(endWithin, func() { access.Close() })
	}
}

// hooks returns hooks that call those of before, which may be nil, and then tell the
// observers.
func (i *inspection) hooks(before *airsocket.Hooks) *airsocket.Hooks {
	var h airsocket.Hooks
	if before != nil {
		h = *before
	}
	also := h
	h.Requested = func(s *airsocket.Socket) {
		if also.Requested != nil {
			also.Requested(s)
		}
		i.requested(s)
	}
	h.Answered = func(s *airsocket.Socket, status int, header handshake.Header) {
		if also.Answered != nil {
			also.Answered(s, status, header)
		}
		if w := i.of(s); w != nil {
			w.observer.tell(w, newAnswer(w, status, header))
		}
	}
	h.Opened = func(s *airsocket.Socket) {
		if also.Opened != nil {
			also.Opened(s)
		}
		i.opened(s)
	}
	h.HandshakeFailed = func(s *airsocket.Socket, err error) {
		if also.HandshakeFailed != nil {
			also.HandshakeFailed(s, err)
		}
		if w := i.of(s); w != nil {
			i.finish(s, w, refusedEvent{"refused", w.time(), err.Error()})
		}
	}
	h.Received = func(s *airsocket.Socket, kind wire.Kind, bytes int) {
		if also.Received != nil {
			also.Received(s, kind, bytes)
		}
		i.frame(s, "received", kind, bytes)
	}
	h.Sent = func(s *airsocket.Socket, kind wire.Kind, bytes int) {
		if also.Sent != nil {
			also.Sent(s, kind, bytes)
		}
		i.frame(s, "sent", kind, bytes)
	}
	h.Closed = func(s *airsocket.Socket, e *airsocket.CloseEvent) {
		if also.Closed != nil {
			also.Closed(s, e)
		}
		i.closed(s, e)
	}
	return &h
}

func (i *inspection) requested(s *airsocket.Socket) {
	if i.waiting.Load() == 0 {
		return
	}
	req := s.Request()
	if req == nil || !i.isWatched(req.Target) {
		return
	}
	r := s.HTTPRequest()
	if w := i.claim(s, req, i.identify(req.Origin, r)); w != nil {
		w.observer.tell(w, newRequest(w, req, r.Proto))
	}
}

func (i *inspection) opened(s *airsocket.Socket) {
	w := i.of(s)
	if w == nil {
		return
	}
	w.errors = airsocket.AddEventListener(s, airsocket.EventError, func(e *airsocket.ErrorEvent) { w.failed = e.Err })
	w.observer.tell(w, openEvent{"open", w.time(), versionOf(s), s.Protocol(), s.Extensions()})
}

func (i *inspection) frame(s *airsocket.Socket, direction string, kind wire.Kind, bytes int) {
	if w := i.of(s); w != nil {
		w.observer.tellFrame(w, frameEvent{"frame", w.time(), direction, kindOf(kind), bytes})
	}
}

func (i *inspection) closed(s *airsocket.Socket, e *airsocket.CloseEvent) {
	w := i.of(s)
	if w == nil {
		return
	}
	reported := ""
	if w.failed != nil {
		reported = w.failed.Error()
	}
	if w.errors != nil {
		w.errors.Remove()
	}
	i.finish(s, w, closeEvent{"close", w.time(), e.Code, e.Reason, e.WasClean, reported})
}
