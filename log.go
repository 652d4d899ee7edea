package airsocket

import (
	"log/slog"
	"net"
)

//go:noinline
func (s *Socket) logOpen() {
	s.opts.log.Info("websocket open", slog.String("version", s.Version().String()), slog.String("protocol", s.Protocol()), slog.String("remote", remoteOf(s.Conn())))
}

//go:noinline
func (s *Socket) logError(err error) {
	s.opts.log.Warn("websocket error", slog.Any("err", err), slog.String("remote", remoteOf(s.Conn())))
}

//go:noinline
func (e *CloseEvent) log(log *slog.Logger, conn net.Conn) {
	log.Info("websocket closed", slog.Int("code", int(e.Code)), slog.String("reason", e.Reason), slog.Bool("clean", e.WasClean), slog.String("remote", remoteOf(conn)))
}

// remoteOf returns the address of the peer, for the log.
func remoteOf(conn net.Conn) string {
	if conn == nil || conn.RemoteAddr() == nil {
		return ""
	}
	return conn.RemoteAddr().String()
}
