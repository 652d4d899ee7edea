package airsocket

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// logRefusalsEvery is how often the log tells of connections that are refused for the same
// limit: others may make very many, and must not fill a disk with them.
const logRefusalsEvery = 10 * time.Second

// A refusalLog counts the connections that a Server has refused because of its limits.
type refusalLog struct {
	mu    sync.Mutex
	kinds [3]struct {
		until   instant // when the next one is logged
		more    int     // not logged since the last one
		logging bool    // a Logger has been called, and has not returned
	}
}

// limitOf returns which limit of a Server err reports, or -1.
func limitOf(err error) int {
	switch {
	case err == errFull:
		return 0
	case errors.Is(err, ErrConnsPerIP):
		return 1
	case errors.Is(err, ErrHandshakesPerIP):
		return 2
	}
	return -1
}

// take counts a connection that was refused for the given limit. It reports whether to log it,
// and how many were not logged before.
func (r *refusalLog) take(limit int) (more int, due bool) {
	at := now()
	r.mu.Lock()
	defer r.mu.Unlock()
	k := &r.kinds[limit]
	if k.logging || !hasPassed(k.until, at) {
		k.more++
		return 0, false
	}
	more, k.more, k.until, k.logging = k.more, 0, at.add(logRefusalsEvery), true
	return more, true
}

// logged records that the Logger has returned.
func (r *refusalLog) logged(limit int) {
	r.mu.Lock()
	r.kinds[limit].logging = false
	r.mu.Unlock()
}

// logRefusal logs a connection from remote that was refused, if err reports a limit and it is
// time for that. It returns false if err reports something else. The Logger does not hold up
// the caller, which may be the goroutine that accepts connections.
//
//go:noinline
func (srv *Server) logRefusal(log *slog.Logger, err error, remote net.Addr) bool {
	limit := limitOf(err)
	if limit < 0 {
		return false
	}
	if more, due := srv.refusals.take(limit); due {
		go func() {
			defer srv.refusals.logged(limit)
			log.Warn("websocket refused", slog.Any("err", err), slog.String("remote", remoteOf(remote)), slog.Int("more", more))
		}()
	}
	return true
}

// remoteAddrOf returns the address of the peer of a request of net/http, or nil.
func remoteAddrOf(r *http.Request) net.Addr {
	if r == nil {
		return nil
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return nil
	}
	return net.TCPAddrFromAddrPort(at)
}
