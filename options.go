package airsocket

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync/atomic"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// Options say how a [Socket] behaves. The zero value, and a nil *Options, mean
// the defaults. Where a field is a limit or a time, zero means its default and
// a negative value means none. Many sockets may share one Options, which must
// not be changed once it is in use; see Clone.
type Options struct {
	// Version is the version of the protocol that Connect speaks. Zero is
	// wire.Hybi13, which is RFC 6455.
	Version wire.Version

	// Versions are the ones that a server speaks. Nil means those that have
	// masking, wire.Hybi06 and newer; wire.AllVersions has the hixie versions
	// too. A server on the open internet should not speak these: masking is
	// what protects proxies from what a hostile page sends (RFC 6455, section
	// 10.3), and in hixie-75 every request with an Upgrade field is an opening
	// handshake. Clients of other versions are answered with 426.
	Versions []wire.Version

	// Protocols are the subprotocols that a server speaks: it answers with the
	// first of the client's that is among them. A client asks for those that
	// are given to Connect, or else for these.
	Protocols []string

	// Header has additional fields for the request of Connect, or for the
	// answer of a server. The fields of the handshake itself cannot be set.
	Header http.Header

	// Origin is what Connect says in the Origin field; empty sends none.
	Origin string

	// Origins are the origins that a server accepts beside its own, as
	// patterns: "*" is any; "example.com" and "*.example.com" are hosts, with
	// ":port" where it is not the default; "https://example.com" has the
	// scheme too. Its own is the host that the request names, by https, or by
	// http where the connection has no TLS. A request without an Origin field,
	// which no browser makes, is accepted. Refused requests get status 403.
	Origins []string

	// TLS is for wss URLs. Nil means the defaults of crypto/tls.
	TLS *tls.Config

	// Dial opens the connection for Connect instead of a net.Dialer: to the
	// server, or to its proxy. The network is "tcp" and the address has host
	// and port, or "unix" and a path. TLS comes on top where the URL says wss.
	// It must return when ctx is done.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Proxy chooses the proxy for Connect, as that of http.Transport does: the
	// URL of the request has the scheme http for ws and https for wss; a nil
	// URL means none. Proxies are used with the CONNECT method, for ws too
	// (schemes http and https), or are SOCKS5 (socks5 and socks5h: names are
	// resolved by the proxy in both). User and password in a proxy's URL are
	// sent to it. Failures are a *ProxyError. Unix sockets have no proxy.
	//
	// A nil Proxy is http.ProxyFromEnvironment, or none if Dial is set.
	Proxy func(*http.Request) (*url.URL, error)

	// ProxyHeader has additional fields for the CONNECT request.
	ProxyHeader http.Header

	// ProxyTLS is for proxies with an https URL. Nil means the defaults of
	// crypto/tls.
	ProxyTLS *tls.Config

	// Jar has the cookies that Connect sends, for http or https instead of ws
	// or wss, and takes those that the server sets, whatever its answer. Nil
	// means none.
	Jar http.CookieJar

	// MaxRedirects is how many redirects Connect follows (status 301, 302, 303,
	// 307 and 308). The fields Authorization and Cookie in Header, and what the
	// URL says of the user, are not sent to another host. One that is not
	// followed is an ErrRedirect. Zero: none is, and a redirect is a refusal
	// like others, as in the browser.
	MaxRedirects int

	// MaxMessage and MaxFrame are the longest message and the longest frame
	// that are taken from the peer, in bytes of payload, as received and as
	// decompressed. Default: 16 MiB. Longer ones fail the connection with
	// status code 1009 (RFC 6455, section 7.4.1).
	MaxMessage, MaxFrame int

	// MaxBuffered is how many bytes may wait to be sent. Past it Send returns
	// ErrBufferFull; a single message is taken when nothing is waiting,
	// however long it is. Default: 16 MiB.
	MaxBuffered int

	// MaxHead and MaxHeadLines bound the head of the opening handshake.
	// Default: 16 KiB and 100 lines.
	MaxHead, MaxHeadLines int

	// HandshakeTimeout is for everything up to the open event. Default: 30 s.
	HandshakeTimeout time.Duration

	// CloseTimeout is how long a closing handshake may take, from the first
	// close frame to the end of the connection. Default: 30 s, as in Faye.
	CloseTimeout time.Duration

	// PingInterval sends a ping each time that nothing has been received for
	// so long. Default: never.
	PingInterval time.Duration

	// PongTimeout closes the connection when nothing has been received for so
	// long after such a ping (WebSocket-Node's keepaliveGracePeriod). Default:
	// 10 s.
	PongTimeout time.Duration

	// FragmentSize splits longer messages into frames of at most so many
	// bytes (AS3WebSocket's fragmentationThreshold). Default: never.
	FragmentSize int

	// FrameEvents has the parts of messages delivered by frame events, as they come,
	// and no message events (AS3WebSocket's assembleFragments = false). It is
	// the way to take messages that are too long for memory: MaxMessage, which
	// still holds, can be negative then.
	FrameEvents bool

	// Compression offers, or accepts, permessage-deflate (RFC 7692). For window
	// sizes and one-sided settings put an extensions.PermessageDeflate into
	// Extensions instead.
	Compression Compression

	// CompressionLevel is 1 (fastest) to 9 (smallest); zero means
	// extensions.DefaultLevel.
	CompressionLevel int

	// CompressionThreshold is the length in bytes from which on messages are
	// compressed. Zero means extensions.DefaultThreshold, negative compresses
	// all.
	CompressionThreshold int

	// Extensions are offered by a client, or accepted by a server, in order of
	// preference.
	Extensions []extensions.Extension

	// DeflateStream offers, or accepts, deflate-stream in the versions that
	// have it: 6, 7 and 8 (AS3WebSocket's enableDeflateStream).
	DeflateStream bool

	// Dispatcher is the thread of events that the handlers run in. Nil means
	// the default one, which all sockets of the process share.
	Dispatcher *Dispatcher

	// Parallel gives each Socket a thread of events of its own, so that a slow
	// handler holds up nothing but its Socket. Handlers of different sockets may
	// then run at the same time and need locks for what they share; those of one
	// Socket still never overlap.
	Parallel bool

	// SilentClose omits the close event after one's own Close, as AIR does.
	SilentClose bool

	// QueueBeforeOpen keeps what is sent while connecting, until the
	// connection is open, as Faye does. Without it Send returns
	// ErrInvalidState, as in the browser.
	QueueBeforeOpen bool

	// Recover turns a panic in a handler into an error event and a close with
	// status code 1011; a panic after the error event, in a close handler for
	// instance, is only told to the Logger. Without it a panic ends the program.
	Recover bool

	// Reconnect has a client connect again when its connection ends. Nil: it
	// does not.
	Reconnect *Reconnect

	// Hooks are called for what happens to the sockets, to count it. Nil: none.
	Hooks *Hooks

	// Logger is told of connections that open, fail and close, and of turns that
	// take longer than SlowTurn. Nil: silent.
	Logger *slog.Logger

	// SlowTurn is how long handlers may hold up everything else on their
	// Dispatcher before the Logger is told: a turn of a Socket, from its
	// beginning to its end, without the wait for it. The warning says how long
	// it took, what it was for and who the peer is. Without a Logger nothing is
	// measured, nor is what timers and Post run, which have no Options. Default:
	// 100 ms; negative: never.
	SlowTurn time.Duration

	resolved atomic.Pointer[settings]
}

// Compression says whether and how messages are compressed.
type Compression uint8

const (
	// CompressionOff neither offers nor accepts compression.
	CompressionOff Compression = iota
	// CompressionNoTakeover compresses each message by itself: an idle
	// connection needs no memory for it.
	CompressionNoTakeover
	// CompressionTakeover compresses with the context of earlier messages. It
	// makes small messages much smaller; a connection keeps the last 32 KiB
	// of what it has sent, and of what it has received.
	CompressionTakeover
)

// Defaults of Options.
const (
	DefaultMaxMessage       = 16 << 20
	DefaultMaxBuffered      = 16 << 20
	DefaultMaxHead          = 16 << 10
	DefaultMaxHeadLines     = 100
	DefaultHandshakeTimeout = 30 * time.Second
	DefaultCloseTimeout     = 30 * time.Second
	DefaultPongTimeout      = 10 * time.Second
	DefaultSlowTurn         = 100 * time.Millisecond
)

// settings are Options with their defaults filled in: 0 means none in them.
// All sockets of one Options share one settings.
type settings struct {
	*Options
	maxMessage, maxFrame, maxBuffered int
	maxHead, maxHeadLines             int // as the handshake package takes them
	handshakeTimeout, closeTimeout    time.Duration
	slowTurn                          time.Duration // 0 without a Logger
	timeouts                          handshakeDeadlines
	pingInterval, pongTimeout         time.Duration
	clientVersion                     wire.Version
	versions                          []wire.Version         // that a server speaks
	extensions, oldExtensions         []extensions.Extension // for version 13, and for 6 to 8
	messagesOnly                      bool                   // nobody but message handlers wants to know of messages
	dispatcher                        *Dispatcher
	log                               *slog.Logger
	configs                           [2][wire.Hybi13 + 1]wire.Config // by role and version, for sockets without extensions
}

// AS3Options are the defaults of AS3WebSocket's WebSocketConfig: frames of at
// most 1 MiB and messages of at most 8 MiB, own messages in fragments above
// 16 KiB, and 5 s for the closing handshake.
func AS3Options() *Options {
	return &Options{
		MaxFrame:     1 << 20,
		MaxMessage:   8 << 20,
		FragmentSize: 16 << 10,
		CloseTimeout: 5 * time.Second,
	}
}

// FayeOptions are the defaults of faye-websocket: it speaks all versions, also
// those without masking, and keeps what is sent before the connection is open.
func FayeOptions() *Options {
	return &Options{Versions: wire.AllVersions(), QueueBeforeOpen: true}
}

// AIROptions are the defaults of Adobe AIR's WebSocket, which has no close event
// after one's own Close.
func AIROptions() *Options { return &Options{SilentClose: true} }

// maskedVersions are the ones in which clients mask what they send.
var maskedVersions = []wire.Version{wire.Hybi06, wire.Hybi07, wire.Hybi08, wire.Hybi13}

var defaultOptions Options

// Clone returns a copy of o that may be changed. The copy of nil is the defaults.
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

func (o *Options) settings() *settings {
	if o == nil {
		o = &defaultOptions
	}
	if st := o.resolved.Load(); st != nil {
		return st
	}
	o.resolved.CompareAndSwap(nil, o.resolve())
	return o.resolved.Load()
}

func (o *Options) resolve() *settings {
	st := &settings{
		Options:          o,
		maxMessage:       limit(o.MaxMessage, DefaultMaxMessage),
		maxFrame:         limit(o.MaxFrame, DefaultMaxMessage),
		maxBuffered:      limit(o.MaxBuffered, DefaultMaxBuffered),
		maxHead:          o.MaxHead,
		maxHeadLines:     o.MaxHeadLines,
		handshakeTimeout: limit(o.HandshakeTimeout, DefaultHandshakeTimeout),
		closeTimeout:     limit(o.CloseTimeout, DefaultCloseTimeout),
		pingInterval:     max(o.PingInterval, 0),
		pongTimeout:      limit(o.PongTimeout, DefaultPongTimeout),
		clientVersion:    o.Version,
		versions:         o.Versions,
		dispatcher:       o.Dispatcher,
		log:              o.Logger,
	}
	st.extensions = o.Extensions
	if o.Compression != CompressionOff {
		off := o.Compression == CompressionNoTakeover
		st.extensions = append(slices.Clip(o.Extensions), extensions.PermessageDeflate{
			ServerNoContextTakeover: off,
			ClientNoContextTakeover: off,
			Level:                   o.CompressionLevel,
			Threshold:               o.CompressionThreshold,
		})
	}
	st.oldExtensions = st.extensions
	if o.DeflateStream {
		// It is the cheaper one for the peer, but both would compress twice.
		st.oldExtensions = append(slices.Clip(o.Extensions), extensions.DeflateStream{})
	}
	if st.clientVersion == 0 {
		st.clientVersion = wire.Hybi13
	}
	if st.versions == nil {
		st.versions = maskedVersions
	}
	st.messagesOnly = o.Hooks == nil && !o.Recover && !o.FrameEvents
	if st.dispatcher == nil {
		st.dispatcher = defaultDispatcher
	}
	if st.log != nil {
		st.slowTurn = limit(o.SlowTurn, DefaultSlowTurn)
	} else {
		st.log = slog.New(slog.DiscardHandler)
	}
	for role := range st.configs {
		for v := range st.configs[role] {
			st.configs[role][v] = wire.Config{
				Version:      wire.Version(v),
				Role:         wire.Role(role),
				MaxFrame:     st.maxFrame,
				MaxMessage:   st.maxMessage,
				FragmentSize: max(o.FragmentSize, 0),
				Parts:        o.FrameEvents,
				Memory:       buffers,
				MaskKey:      maskKey,
			}
		}
	}
	return st
}

// extensionsFor are the extensions that v can have: hixie has none, and
// deflate-stream left the drafts before 13.
func (st *settings) extensionsFor(v wire.Version) []extensions.Extension {
	switch {
	case v == wire.Hybi13:
		return st.extensions
	case v.Can(wire.Binary):
		return st.oldExtensions
	}
	return nil
}

// config is the one for a connection that has negotiated exts.
func (st *settings) config(role wire.Role, v wire.Version, exts []wire.Extension) *wire.Config {
	shared := &st.configs[role][v]
	if len(exts) == 0 {
		return shared
	}
	own := *shared
	own.Extensions = exts
	return &own
}

// limit is v, or def where v is zero, or 0 for none where it is negative.
func limit[T int | time.Duration](v, def T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return 0
	}
	return v
}
