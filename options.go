package airsocket

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// Options configure a [Socket]. The zero value and a nil *Options mean the defaults.
// For a field that is a limit or a time, zero means the default and a negative value
// means no limit. Many sockets may share one Options, which must not be changed once it
// is in use; see Clone.
type Options struct {
	// Version is the version of the protocol that Connect speaks. Zero means
	// wire.Hybi13, which is RFC 6455.
	Version wire.Version

	// Versions are the versions that a server speaks. Nil means those with
	// masking, wire.Hybi06 and newer; wire.AllVersions includes the hixie
	// versions. A server on the open internet should not speak these: masking
	// protects proxies from what a hostile page sends (RFC 6455, section 10.3),
	// and in hixie-75 every request with an Upgrade field is an opening
	// handshake. Clients of other versions are answered with status 426.
	Versions []wire.Version

	// Protocols are the subprotocols that a server speaks: it answers with the
	// first of the client's subprotocols that is among them. A client asks for
	// the subprotocols that are passed to Connect, or for these if there are
	// none.
	Protocols []string

	// Header holds additional fields for the request of Connect, or for the
	// response of a server. The fields of the handshake itself cannot be set.
	Header http.Header

	// Origin is the value of the Origin field that Connect sends. If it is empty the
	// field is not sent.
	Origin string

	// Origins are patterns for the origins that a server accepts in addition to
	// its own: "*" matches any origin, "example.com" and "*.example.com" match
	// hosts, with ":port" unless it is the default port, and
	// "https://example.com" the scheme too. The server's own origin is the host
	// that the request names, with the scheme https or, if the connection has no
	// TLS, http. A request without an Origin field, which no browser makes, is
	// accepted. Refused requests get status 403.
	Origins []string

	// TLS is the configuration for wss URLs. Nil means the defaults of
	// crypto/tls.
	TLS *tls.Config

	// Dial opens the connection for Connect, to the server or to its proxy. If
	// it is nil a net.Dialer is used. The network is "tcp" and the address has
	// host and port, or the network is "unix" and the address is a path. For wss
	// URLs TLS is set up on the connection that Dial returns. Dial must return
	// when ctx is done.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Proxy chooses the proxy for Connect, like the Proxy of http.Transport: the
	// URL of the request has the scheme http for ws and https for wss, and a nil
	// URL means no proxy. HTTP proxies (schemes http and https) are used with
	// the CONNECT method, for ws too. With SOCKS5 proxies (schemes socks5 and
	// socks5h) the proxy resolves names in both cases. User and password in the
	// URL of a proxy are sent to it. Failures are reported as a *ProxyError.
	// Unix sockets are reached without a proxy.
	//
	// Nil means http.ProxyFromEnvironment, or no proxy if Dial is set.
	Proxy func(*http.Request) (*url.URL, error)

	// ProxyHeader holds additional fields for the CONNECT request.
	ProxyHeader http.Header

	// ProxyTLS is the configuration for proxies with an https URL. Nil means the
	// defaults of crypto/tls.
	ProxyTLS *tls.Config

	// Jar provides the cookies that Connect sends, and stores those that the server
	// sets, whatever the status of its response. Its methods are called with http and
	// https URLs in place of ws and wss. Nil means no cookies.
	Jar http.CookieJar

	// MaxRedirects is how many redirects Connect follows (status 301, 302, 303,
	// 307 and 308). The fields Authorization, Cookie and Proxy-Authorization in
	// Header, and user and password in the URL, are not sent to another host. A
	// redirect that is not followed is reported as an ErrRedirect. With zero,
	// the default, no redirect is followed, and a redirect is a refusal like any
	// other, as in the browser.
	MaxRedirects int

	// MaxMessage and MaxFrame are the maximum lengths of a message and of a frame
	// from the peer, in bytes of payload, both as received and as decompressed. A
	// longer one fails the connection with status code 1009 (RFC 6455, section
	// 7.4.1). The default of both is 16 MiB.
	MaxMessage, MaxFrame int

	// MaxBuffered is how many bytes may wait to be sent. Send returns ErrBufferFull if
	// a message would exceed it, but when nothing is waiting a message of any length is
	// accepted. What framing adds to the last message, a few bytes, may exceed it. The
	// default is 16 MiB.
	MaxBuffered int

	// RateLimit limits how many messages and bytes the peer may send a second. Nil, the
	// default, means no limit.
	RateLimit *RateLimit

	// MaxHead and MaxHeadLines limit the head of the opening handshake, in bytes
	// and in lines. The defaults are 16 KiB and 100 lines. What package net/http reads it
	// limits itself: with its MaxHeaderBytes in a server of the program, and to MaxHead and
	// 8 KiB more in a request to Server.Handler that follows another on its connection.
	MaxHead, MaxHeadLines int

	// HandshakeTimeout is how long everything up to the open event may take. On a
	// server with OnRequest the answer to the request may take that long too, and the
	// time starts again after it. The default is 30 s.
	HandshakeTimeout time.Duration

	// CloseTimeout is how long a closing handshake may take, from the first close frame
	// to the end of the connection. The default is 30 s, as in Faye. A peer that has
	// ended its own direction has the same time to read what is still to be sent; for
	// that a negative value means the default.
	CloseTimeout time.Duration

	// PingInterval sends a ping whenever nothing has been received for this long. By default
	// no pings are sent. PingInterval and the timeouts of an open or closing connection may
	// take up to 1 % longer, at most 135 ms, so that many connections are seen to together.
	PingInterval time.Duration

	// PongTimeout ends the connection when nothing has been received for this
	// long after such a ping (WebSocket-Node's keepaliveGracePeriod). Pings that are sent
	// while the socket does not read, as with IdleTimeout, need no answer. The default
	// is 10 s.
	PongTimeout time.Duration

	// WriteTimeout ends the connection when something waits to be sent and the peer has
	// taken nothing for this long. As nothing can be sent to such a peer, the connection
	// ends at once, with an error event for ErrWriteTimeout and a close event with code
	// 1006; that is so while the socket is closing too. Whatever the peer takes, even a
	// byte, starts the time again, so MaxBuffered still decides how much may wait for a
	// slow peer. On Linux the time is up to a quarter longer. On other systems, and on
	// connections other than TCP and unix sockets, with TLS or without, only every 16 KiB
	// that the peer takes are noticed. Pause, RateLimit and handlers of this socket make no
	// difference to it, but those of the peer do: a program that stops reading for longer,
	// to hold its peer up, needs a peer with a longer WriteTimeout, or a negative one. The
	// default is 30 s.
	WriteTimeout time.Duration

	// IdleTimeout closes the connection with status code 1001 (RFC 6455, section 7.4.1)
	// when nothing was received for this long, with an error event for ErrIdleTimeout. As
	// with uWebSockets all that is received counts, also pings, pongs and parts of
	// messages, and what is sent does not: with a shorter PingInterval only PongTimeout
	// ends connections. Over TLS only whole records count. The peer has CloseTimeout to
	// answer, and then the events follow. The time in which the socket does not read does not
	// count: while it is paused, while RateLimit holds the peer up, and while what was
	// received is decoded, waits for the turn or is with a handler. The default is none.
	IdleTimeout time.Duration

	// MessageTimeout closes the connection with status code 1008, because being slow breaks
	// no rule of the protocol, when a message is not complete this long after its first byte
	// was received, however many frames it has and whatever comes between them. An error
	// event for ErrMessageTimeout follows as with IdleTimeout, and the same times do not
	// count. It has no effect with FrameEvents. The default is none.
	MessageTimeout time.Duration

	// FragmentSize is the maximum length in bytes of the frames into which longer
	// messages are split (AS3WebSocket's fragmentationThreshold). By default
	// messages are not split.
	FragmentSize int

	// FrameEvents delivers the parts of messages as frame events, as they arrive, and
	// no message events (AS3WebSocket's assembleFragments = false). Use it to receive
	// messages that are too long for memory, with a negative MaxMessage if there is to
	// be no limit.
	FrameEvents bool

	// Compression offers permessage-deflate (RFC 7692), or accepts it on a
	// server. For window sizes and one-sided settings add an
	// extensions.PermessageDeflate to Extensions instead.
	Compression Compression

	// CompressionLevel is from 1 (fastest) to 9 (smallest). Zero means
	// extensions.DefaultLevel.
	CompressionLevel int

	// CompressionThreshold is the length in bytes from which messages are
	// compressed. Zero means extensions.DefaultThreshold. With a negative value
	// all messages are compressed.
	CompressionThreshold int

	// Extensions are the extensions that a client offers, or a server accepts, in
	// order of preference.
	Extensions []extensions.Extension

	// DeflateStream offers deflate-stream, or accepts it on a server, in the
	// versions that have it: 6, 7 and 8 (AS3WebSocket's enableDeflateStream). It
	// compresses the frames too, so 64 KiB from a hostile peer may contain ten million
	// messages, which no limit of lengths prevents: set RateLimit.
	DeflateStream bool

	// Dispatcher runs the handlers. Nil means the default Dispatcher, which is
	// shared by all sockets of the process that have no other.
	Dispatcher *Dispatcher

	// Parallel gives each Socket a Dispatcher of its own, so that a slow handler
	// holds up only its own Socket. Handlers of different sockets may then run at
	// the same time, and need locks for what they share; the handlers of one
	// Socket still never overlap.
	Parallel bool

	// SilentClose omits the close event after the program's own Close, as AIR
	// does.
	SilentClose bool

	// QueueBeforeOpen keeps what is sent while connecting until the connection is open,
	// as Faye does. Without it Send returns ErrInvalidState, as in the browser, except
	// on a server that has received the request. SendPart and SendUncompressed always do,
	// because only the opening handshake decides whether they can send.
	QueueBeforeOpen bool

	// Recover turns a panic in a handler into an error event and a close with
	// status code 1011. A panic after the error event, for instance in a close
	// handler, is only reported to the Logger. Without Recover a panic ends the
	// program.
	Recover bool

	// Rules say where a Socket follows the rules of the browser's WebSocket instead of those
	// of this package; see RulesBrowser. The default is RulesDefault.
	Rules Rules

	// Reconnect makes a client connect again when its connection ends. Nil means that
	// it does not.
	Reconnect *Reconnect

	// Hooks are called for what happens to the sockets, for instance to count it. Nil
	// means no hooks.
	Hooks *Hooks

	// Logger receives a record when a connection opens, fails or closes, and when
	// a turn takes longer than SlowTurn. Of the connections that a Server refuses because of
	// MaxConns, MaxConnsPerIP or HandshakesPerIP, one in ten seconds for each of these is
	// logged, with the number of others since the last one as "more": an attacker does not
	// fill a disk with them. Hooks are called for each. Nil means no logging.
	//
	// The Logger's handler holds up the socket while it runs, and other sockets too unless they
	// are Parallel; its errors are ignored. If it panics, the program ends, or with Recover the
	// record is lost.
	Logger *slog.Logger

	// SlowTurn is how long a turn of a Socket may take, not counting the wait for it;
	// while it lasts nothing else runs on its Dispatcher. A turn that takes longer is
	// reported to the Logger when it has ended, with its duration, its purpose and the
	// address of the peer. Nothing is measured without a Logger, nor are the functions
	// of timers and Post, which have no Options. The default is 100 ms; a negative
	// value means never.
	SlowTurn time.Duration

	resolved atomic.Pointer[settings]
}

// A Compression says whether and how messages are compressed.
type Compression uint8

const (
	// CompressionOff neither offers nor accepts compression.
	CompressionOff Compression = iota
	// CompressionNoTakeover compresses each message separately. An idle connection
	// needs no memory for it.
	CompressionNoTakeover
	// CompressionTakeover compresses with the context of earlier messages. This makes
	// small messages much smaller, but a connection keeps the last 32 KiB of what it
	// has sent, and of what it has received.
	CompressionTakeover
)

// The defaults of Options.
const (
	defaultMaxMessage       = 16 << 20
	defaultMaxBuffered      = 16 << 20
	defaultMaxHeadLines     = 100
	defaultHandshakeTimeout = 30 * time.Second
	defaultCloseTimeout     = 30 * time.Second
	defaultPongTimeout      = 10 * time.Second
	defaultWriteTimeout     = 30 * time.Second
	defaultSlowTurn         = 100 * time.Millisecond
)

// AS3Options returns the defaults of AS3WebSocket's WebSocketConfig: it accepts
// frames of at most 1 MiB and messages of at most 8 MiB, sends messages of more
// than 16 KiB in fragments, and allows 5 s for the closing handshake.
func AS3Options() *Options {
	return &Options{
		MaxFrame:     1 << 20,
		MaxMessage:   8 << 20,
		FragmentSize: 16 << 10,
		CloseTimeout: 5 * time.Second,
	}
}

// FayeOptions returns the defaults of faye-websocket: a server speaks all
// versions, including those without masking, and what is sent before the
// connection is open is kept until then.
func FayeOptions() *Options {
	return &Options{Versions: wire.AllVersions(), QueueBeforeOpen: true}
}

// AIROptions returns the defaults of Adobe AIR's WebSocket, which has no close
// event after the program's own Close.
func AIROptions() *Options { return &Options{SilentClose: true} }

// Clone returns a copy of o that may be changed. If o is nil it returns the
// defaults.
func (o *Options) Clone() *Options {
	c := new(Options)
	if o == nil {
		return c
	}
	from, to := reflect.ValueOf(o).Elem(), reflect.ValueOf(c).Elem()
	for i := range from.NumField() {
		if from.Type().Field(i).IsExported() {
			to.Field(i).Set(from.Field(i))
		}
	}
	return c
}
