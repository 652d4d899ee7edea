// Package browser makes the browser's WebSocket a net.Conn, for programs with GOOS=js. A
// [Conn] is the server's side of RFC 6455, in memory: it decodes the frames that a Socket
// writes and gives their messages to the browser, and it encodes as frames what the browser
// delivers. So a Socket has one way for its data on all systems, with the same turns, limits
// and events.
//
//	Socket ── frames ──▶ Conn.Write ── send, close ──────────▶ the browser's
//	Socket ◀─ frames ─── Conn.Read  ◀─ message, close events ─ WebSocket
//
// The browser decides what is on the network: frames, compression, pings and their answers.
package browser

import "errors"

// ErrFailed is wrapped in the errors of a connection that the browser could not open, or
// that broke a bound of this package.
var ErrFailed = errors.New("airsocket: the browser's connection failed")
