package dial

import (
	"context"
	"net"
	"strings"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/browser"
)

// connect opens the connection for the opening handshake with the browser's WebSocket, which
// handles cookies, proxies and TLS itself.
func (a *Attempt) connect(ctx context.Context) (net.Conn, error) {
	if a.Conn != nil {
		a.watch(ctx, a.Conn)
		return a.Conn, nil
	}
	// Not all browsers take http and https for ws and wss. The rest they read themselves.
	url := a.to.Scheme + a.url[strings.IndexByte(a.url, ':'):]
	conn, err := browser.Dial(ctx, a.to.Host, url, a.protocols)
	if err != nil {
		return nil, err
	}
	a.watch(ctx, conn)
	if list := conn.Extensions(); list != "" {
		a.agreed, _ = handshake.ParseExtensions([]string{list}) // the browser has checked it
	}
	return conn, nil
}
