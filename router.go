package airsocket

import (
	"net/http"
	"path"
	"slices"
	"sync"
)

// A Router passes requests to handlers according to path and subprotocol
// (WebSocket-Node's WebSocketRouter). Attach it to a Server with
//
//	srv.OnRequest(router.Route)
//
// The zero value is ready to use. The methods of a Router may be called from any
// goroutine.
type Router struct {
	mu     sync.RWMutex
	mounts []mount
}

type mount struct {
	path, protocol string
	handle         func(*Request)
}

// Mount registers handle for the requests whose path matches pattern and that ask
// for the subprotocol. The pattern has the syntax of [path.Match], in which * does
// not match a slash, but the pattern "*" alone matches all paths. The protocol "*"
// matches all requests, with a subprotocol or without, and an empty protocol only
// those that ask for none. Mount returns [ErrArgument] if the pattern is malformed
// or already mounted for the same protocol, or if handle is nil.
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

// Unmount removes the handler of a pattern and subprotocol, and reports whether
// there was one.
func (r *Router) Unmount(pattern, protocol string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := len(r.mounts)
	r.mounts = slices.DeleteFunc(slices.Clone(r.mounts), func(m mount) bool { return m.path == pattern && m.protocol == protocol })
	return len(r.mounts) < before
}

// Route calls the handler for req. It takes the first of the client's subprotocols for
// which a handler is mounted and, if there are several handlers, the one that was
// mounted first. It sets Request.Protocol to that subprotocol. If there is no handler
// it rejects the request with status 404.
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
	req.Reject(http.StatusNotFound, "no handler is mounted for this path and subprotocol")
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
