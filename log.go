package airsocket

import (
	"context"
	"log/slog"
	"net"
	"time"
)

// A recoveringLog drops the panics of another handler, for Options.Recover: there is nobody
// to report them to, and the connection has no part in them.
type recoveringLog struct{ slog.Handler }

func (l recoveringLog) Enabled(ctx context.Context, level slog.Level) (enabled bool) {
	defer func() { recover() }()
	return l.Handler.Enabled(ctx, level)
}

func (l recoveringLog) Handle(ctx context.Context, r slog.Record) error {
	defer func() { recover() }()
	return l.Handler.Handle(ctx, r)
}

func (l recoveringLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return recoveringLog{l.Handler.WithAttrs(attrs)}
}

func (l recoveringLog) WithGroup(name string) slog.Handler {
	return recoveringLog{l.Handler.WithGroup(name)}
}

// logOpen logs that the connection is open. Like all that call the Logger it is not
// inlined; see ARCHITECTURE.md.
//
//go:noinline
func (s *Socket) logOpen() {
	s.opts.log.Info("websocket open", slog.String("version", s.Version().String()), slog.String("protocol", s.Protocol()), slog.String("remote", remoteOf(s.RemoteAddr())))
}

// logError logs an error that ends the connection.
//
//go:noinline
func (s *Socket) logError(err error) {
	s.opts.log.Warn("websocket error", slog.Any("err", err), slog.String("remote", remoteOf(s.RemoteAddr())))
}

// log logs the end of the connection.
//
//go:noinline
func (e *CloseEvent) log(log *slog.Logger, remote net.Addr) {
	log.Info("websocket closed", slog.Int("code", int(e.Code)), slog.String("reason", e.Reason), slog.Bool("clean", e.WasClean), slog.String("remote", remoteOf(remote)))
}

// remoteOf returns the address of a peer, which may be nil, for the log.
func remoteOf(addr net.Addr) string {
	if addr == nil {
		return ""
	}
	return addr.String()
}

// A turnKind says what a turn of a Socket is for, in the record of a slow turn.
type turnKind uint8

const (
	receiveTurn turnKind = iota // messages, and whatever else a read has brought
	openTurn
	closeTurn
	drainTurn
	certificateTurn
	connectTurn // OnConnect of a Server
	requestTurn // OnRequest of a Server
)

var turnNames = [...]string{"receive", "open", "close", "drain", "certificateError", "connect", "request"}

// logSlowTurn logs a turn that took too long.
//
//go:noinline
func (s *Socket) logSlowTurn(kind turnKind, took time.Duration) {
	s.opts.log.Warn("websocket slow turn", slog.String("turn", turnNames[kind]), slog.Duration("took", took), slog.String("remote", remoteOf(s.RemoteAddr())))
}
