package airsocket

import (
	"net/http"
	"path"
	"slices"
	"sync"
)

// A Router gives requests to handlers by path and subprotocol (WebSocket-Node's
// WebSocketRouter). It is attached to a Server with
//
//	srv.OnRequest(router.Route)
//
// The zero value is ready. Its methods may be called from any goroutine.
type Router struct {
	mu     sync.RWMutex
	mounts []mount
}

type mount struct {
	path, protocol string
	handle         func(*Request)
}

// Mount has handle called for the requests whose path matches and that ask for
// the subprotocol. A path is compared as path.Match does, where * is any part
// between slashes, and "*" alone matches all. The protocol "*" matches all, with
// a subprotocol or without; an empty one only requests that ask for none. A path
// that is no pattern, or that is mounted for the same protocol already, is an
// [ErrArgument].
func (r *Router) Mount(pattern, protocol string, handle func(*Request)) error {
	if _, err := path.Match(pattern, ""); err != nil || handle == nil {
		return ErrArgument
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.mounts, func(m mount) bool { return m.path == pattern && m.protocol == protocol }) {
		return ErrArgument
	}
	r.mounts = append(slices.Clip(r.mounts), mount{pattern, protocol, handle})
	return nil
}

// Unmount undoes Mount and reports whether there was something to undo.
func (r *Router) Unmount(pattern, protocol string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := len(r.mounts)
	r.mounts = slices.DeleteFunc(slices.Clone(r.mounts), func(m mount) bool { return m.path == pattern && m.protocol == protocol })
	return len(r.mounts) < before
}

// Route calls the handler for req: that of the first of the client's
// subprotocols for which there is one, in the order of mounting. Request.Protocol
// is that subprotocol then. Without a handler the request is rejected with 404.
func (r *Router) Route(req *Request) {
	asked := req.Protocols
	if len(asked) == 0 {
		asked = []string{""}
	}
	r.mu.RLock()
	mounts := r.mounts
	r.mu.RUnlock()
	where := req.URL().Path
	for _, protocol := range asked {
		for _, m := range mounts {
			if m.matches(where, protocol) {
				req.Protocol = protocol
				m.handle(req)
				return
			}
		}
	}
	req.Reject(http.StatusNotFound, "nothing is mounted here")
}

func (m *mount) matches(where, protocol string) bool {
	if m.protocol != "*" && m.protocol != protocol {
		return false
	}
	if m.path == "*" {
		return true
	}
	ok, _ := path.Match(m.path, where)
	return ok
}
