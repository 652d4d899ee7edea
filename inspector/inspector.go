// Package inspector serves a page on which to try a WebSocket server. A program mounts it
// beside its own sockets while it is being developed; `airsocket serve` has it too.
//
// [Handler] is the page alone, which shows what a browser tells. With [Observe] it can also
// show the server's side of the connections that it makes itself: the request, the answer,
// why a connection was refused, what was negotiated, frames as they come and go, and how the
// connection has ended. See the example of Observe.
//
// # Who sees what
//
// Observe is for development: whoever can open the page learns how the server answers them.
// Without Observe nobody can observe anything. With it nothing is observed before a page asks
// for it, and a page sees only connections that its own browser has made: from the same IP
// address, with the same Origin field, with the cookie that the page has brought, and with the
// target that the page has named before, one connection each time. Only pages of the server's
// own origin can ask, whatever Options.Origins says.
//
// A page never sees what messages contain, only their types and lengths. In place of the
// values of Cookie, Set-Cookie and Authorization, and of all fields whose names sound like
// credentials, it sees how long they are. Errors are shown as the server's log has them, and
// may name addresses of the server's network.
//
// The IP address is the one that [airsocket.Server] counts for its limits, so behind a proxy
// set TrustedProxies or ProxyProtocol. The proxy must pass on the Host field and the paths as
// they are, or the server recognizes neither the page nor its connections.
//
// Clients that share an address, because of a proxy that is not trusted or a router, still have
// different cookies. The cookie is airsocket-inspector, over TLS __Host-airsocket-inspector, of
// 26 random letters and digits, for all paths of the host; scripts and other sites cannot use it.
// But cookies know no ports: a program that serves another port of the same host gets it from a
// browser that visits that port. If the program also has the browser's address, as on localhost,
// it can observe in place of the page. A browser without cookies observes nothing.
//
// A server without TLS believes that it has any name that a browser gives it, so that a page
// of somebody else can become a page of its own origin (DNS rebinding). Such a page sees its
// own connections only, because those of your pages have another Origin. It learns no more
// than a client that connects from where the browser is; still, to refuse it, check the
// Host field before this handler, as SECURITY.md shows for sockets.
//
// There are at most 32 observers at a time, 8 of them from one IP address, and what one does
// not read is skipped and counted. They are not among the sockets of the Server that they
// observe, and its Shutdown does not wait for them.
package inspector

import (
	"bytes"
	"embed"
	"net/http"
	"path"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
)

//go:embed page
var files embed.FS

// policy allows the page to load its own scripts and styles and to connect to any
// WebSocket server, and nothing else.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ws: wss:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// types are the types of the files. Those of package mime are the system's, which can be wrong,
// and a browser runs no script of another type.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// Handler returns a handler that serves the page at / and its files beside it. Use
// [http.StripPrefix] to mount it elsewhere.
func Handler() http.Handler { return http.HandlerFunc(servePage) }

// Observe returns a handler as [Handler] does, whose page can also show the server's side of
// its connections to srv. Call it when the Options of srv are set, and before it serves: Observe
// replaces them with a copy whose Hooks observe the sockets, besides those that were set, and
// has srv pass the requests of observers to srv.Handler.
//
// The page shows the side only of sockets of its own host and port. On a listener of srv, mount
// it in srv.Handler. In net/http, mount it beside srv. For
// [airsocket.Socket.Upgrade], make the sockets with the Options of a Server that does not
// serve, and call its Shutdown or Close when the program ends:
//
//	var srv airsocket.Server
//	http.Handle("/inspect/", http.StripPrefix("/inspect", inspector.Observe(&srv)))
//	http.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
//		s := airsocket.NewSocket(srv.Options)
//		...
//	})
//
// What does not reach a socket is not shown, such as requests that a router or middleware
// answers, and connections that srv closes at once.
func Observe(srv *airsocket.Server) http.Handler {
	i := newInspection(srv)
	o := srv.Options.Clone()
	o.Hooks = i.hooks(o.Hooks)
	srv.Options = o
	before := srv.PassOn
	srv.PassOn = func(r *handshake.Request) bool { return asksToObserve(r) || before != nil && before(r) }
	srv.RegisterOnShutdown(i.end)
	return i
}

func servePage(w http.ResponseWriter, r *http.Request) {
	name := path.Clean("/" + r.URL.Path)[1:]
	if name == "" {
		name = "index.html"
	} else if name == "index.html" {
		http.NotFound(w, r)
		return
	}
	content, err := files.ReadFile("page/" + name)
	switch {
	case err != nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h := w.Header()
	h.Set("Content-Type", types[path.Ext(name)])
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
