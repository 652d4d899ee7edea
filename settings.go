package airsocket

import (
	"encoding/binary"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/internal/transport"
	"github.com/airsocket/airsocket/wire"
)

// settings holds Options with the defaults filled in; a limit or time of 0 means none.
// All sockets of one Options share one settings.
type settings struct {
	*Options
	maxMessage, maxFrame, maxBuffered int
	handshakeTimeout, closeTimeout    time.Duration
	slowTurn                          time.Duration       // 0 also without a Logger
	deadlines                         transport.Deadlines // of opening handshakes
	pingInterval, pongTimeout         time.Duration
	writeTimeout, idleTimeout         time.Duration
	messageTimeout                    time.Duration // 0 also with FrameEvents
	timesReading                      bool          // by idleTimeout or messageTimeout
	clientVersion                     wire.Version
	versions                          []wire.Version         // that a server speaks
	extensions, oldExtensions         []extensions.Extension // for version 13, and for 6 to 8
	timed                             bool                   // turns are timed
	messagesOnly                      bool                   // no hooks, frame events or Recover, and no payloads are counted
	plainEvents                       bool                   // no hooks, frame events, Recover or RateLimit
	notesReads                        bool                   // there are pings, times of reading or a RateLimit
	rate                              *resolvedRate          // nil means none
	dispatcher                        *Dispatcher
	log                               *slog.Logger
	configs                           [2][wire.Hybi13 + 1]wire.Config // by role and version; no extensions
}

// maskedVersions are the versions in which clients mask what they send.
var maskedVersions = []wire.Version{wire.Hybi06, wire.Hybi07, wire.Hybi08, wire.Hybi13}

var defaultOptions Options

// settings returns the settings for o, which it makes at the first call.
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
		maxMessage:       limit(o.MaxMessage, defaultMaxMessage),
		maxFrame:         limit(o.MaxFrame, defaultMaxMessage),
		maxBuffered:      limit(o.MaxBuffered, defaultMaxBuffered),
		handshakeTimeout: limit(o.HandshakeTimeout, defaultHandshakeTimeout),
		closeTimeout:     limit(o.CloseTimeout, defaultCloseTimeout),
		pingInterval:     max(o.PingInterval, 0),
		pongTimeout:      limit(o.PongTimeout, defaultPongTimeout),
		writeTimeout:     limit(o.WriteTimeout, defaultWriteTimeout),
		idleTimeout:      max(o.IdleTimeout, 0),
		messageTimeout:   max(o.MessageTimeout, 0),
		clientVersion:    o.Version,
		versions:         o.Versions,
		dispatcher:       o.Dispatcher,
		log:              o.Logger,
	}
	if o.FrameEvents {
		st.messageTimeout = 0
	}
	st.timesReading = st.idleTimeout > 0 || st.messageTimeout > 0
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
		// This replaces permessage-deflate: together they would compress twice.
		st.oldExtensions = append(slices.Clip(o.Extensions), extensions.DeflateStream{})
	}
	if st.clientVersion == 0 {
		st.clientVersion = wire.Hybi13
	}
	if st.versions == nil {
		st.versions = maskedVersions
	}
	plain := o.Hooks == nil && !o.Recover && !o.FrameEvents
	st.messagesOnly = plain && !o.Rules.counts()
	st.rate = o.RateLimit.resolve()
	st.plainEvents, st.notesReads = plain && st.rate == nil, st.timesReading || st.pingInterval > 0 || st.rate != nil
	if st.dispatcher == nil {
		st.dispatcher = defaultDispatcher
	}
	if st.log != nil {
		st.slowTurn = limit(o.SlowTurn, defaultSlowTurn)
		if o.Recover {
			st.log = slog.New(recoveringLog{st.log.Handler()})
		}
	} else {
		st.log = slog.New(slog.DiscardHandler)
	}
	st.timed = st.slowTurn > 0 || o.Hooks.timesTurns()
	for role := range st.configs {
		for v := range st.configs[role] {
			st.configs[role][v] = wire.Config{
				Version:      wire.Version(v),
				Role:         wire.Role(role),
				MaxFrame:     st.maxFrame,
				MaxMessage:   st.maxMessage,
				FragmentSize: max(o.FragmentSize, 0),
				Parts:        o.FrameEvents,
				Memory:       buffers.Pool,
				MaskKey:      maskKey,
			}
		}
	}
	return st
}

// extensionsFor returns the extensions that version v can use: the hixie versions have
// none, and version 13 has no deflate-stream.
func (st *settings) extensionsFor(v wire.Version) []extensions.Extension {
	switch {
	case v == wire.Hybi13:
		return st.extensions
	case v.Can(wire.Binary):
		return st.oldExtensions
	}
	return nil
}

// config returns the configuration for a connection that has negotiated exts.
func (st *settings) config(role wire.Role, v wire.Version, exts []wire.Extension) *wire.Config {
	shared := &st.configs[role][v]
	if len(exts) == 0 {
		return shared
	}
	own := *shared
	own.Extensions = exts
	return &own
}

// limit returns v, or def if v is zero, or 0 (no limit) if v is negative.
func limit[T int | time.Duration](v, def T) T {
	switch {
	case v == 0:
		return def
	case v < 0:
		return 0
	}
	return v
}

// maskKey returns a new masking key. The generator is ChaCha8, seeded by the system, so
// keys cannot be predicted from earlier ones (RFC 6455, section 10.3).
func maskKey() (key [4]byte) {
	binary.NativeEndian.PutUint32(key[:], rand.Uint32())
	return key
}
