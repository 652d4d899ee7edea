package airsocket_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// TestHostileServer checks what ends a client's connection to a server that is slow, greedy or
// breaks rules, with the default options.
func TestHostileServer(t *testing.T) {
	// endlessly sends b until the connection ends.
	endlessly := func(p *wstest.RawPeer, b string, pause time.Duration) {
		for {
			time.Sleep(pause) // how slow the server is
			if _, err := p.Write([]byte(b)); err != nil {
				return
			}
		}
	}
	answer := func(head string, more string, pause time.Duration) func(*wstest.RawPeer) {
		return func(p *wstest.RawPeer) {
			p.ReadRequest()
			p.WriteRaw([]byte(head))
			endlessly(p, more, pause)
		}
	}
	// frames accepts the connection, sends b and then more without end.
	frames := func(b []byte, more string, pause time.Duration) func(*wstest.RawPeer) {
		return func(p *wstest.RawPeer) {
			p.Accept(b)
			var wg sync.WaitGroup
			wg.Go(func() { endlessly(p, more, pause) })
			p.SkipToEnd()
			p.Close()
			wg.Wait()
		}
	}
	const head, kib = "HTTP/1.1 101 Switching Protocols\r\n", 1 << 10
	for name, c := range map[string]struct {
		act    func(p *wstest.RawPeer)
		rule   error
		within time.Duration
	}{
		"nothing":                     {answer("", "", time.Second), airsocket.ErrHandshakeTimeout, 30 * time.Second},
		"a byte a second":             {answer(head+"X: ", "x", time.Second), airsocket.ErrHandshakeTimeout, 30 * time.Second},
		"a refusal a byte a second":   {answer("HTTP/1.1 403 No\r\n\r\n", "x", time.Second), handshake.ErrStatus, 30 * time.Second},
		"a refusal without end":       {answer("HTTP/1.1 403 No\r\n\r\n", strings.Repeat("x", kib), 0), handshake.ErrStatus, 0},
		"informational, without end":  {answer("", "HTTP/1.1 100 Continue\r\n\r\n", 0), handshake.ErrTooManyLines, 0},
		"informational, a few":        {answer("", "HTTP/1.1 100 Continue\r\n\r\n", time.Second), airsocket.ErrHandshakeTimeout, 30 * time.Second},
		"a line without end":          {answer(head+"X: ", strings.Repeat("x", kib), 0), handshake.ErrHeadTooLarge, 0},
		"cookies without end":         {answer(head, "Set-Cookie: a=b\r\n", 0), handshake.ErrTooManyLines, 0},
		"a subprotocol nobody wanted": {answer("HTTP/1.1 101 x\r\nSec-WebSocket-Protocol: x\r\n\r\n", "", time.Second), handshake.ErrUpgrade, 0},
		"a frame of 2^62 bytes":       {frames([]byte{0x82, 127, 0x40, 0, 0, 0, 0, 0, 0, 0}, "x", 0), wire.ErrFrameTooBig, 0},
		"a message without end":       {frames([]byte{0x02, 0}, "\x00\x7e\x80\x00"+strings.Repeat("x", 32*kib), 0), wire.ErrMessageTooBig, 0},
		"a masked frame":              {frames([]byte{0x82, 0x80, 1, 2, 3, 4}, "", time.Second), wire.ErrMasked, 30 * time.Second},
		"a bit of an extension":       {frames([]byte{0xC2, 0}, "", time.Second), wire.ErrReservedBits, 30 * time.Second},
		"no UTF-8":                    {frames([]byte{0x81, 1, 0xFF}, "", time.Second), wire.ErrInvalidUTF8, 30 * time.Second},
	} {
		j, took := inTime(t, true, new(airsocket.Options), nil, c.act)
		j.WantError(c.rule)
		if took > c.within {
			t.Errorf("%s: it took %v, want %v at most", name, took, c.within)
		}
		if j.Err != nil && len(j.Err.Body) > handshake.MaxErrorBody {
			t.Errorf("%s: a body of %d bytes", name, len(j.Err.Body))
		}
	}
}

// TestHostileServerCertificate checks that a client without options verifies certificates.
func TestHostileServerCertificate(t *testing.T) {
	url := wstest.ServeTLS(t, (*wstest.Authority)(nil).Issue(t, wstest.ServerCertificate()))
	a := wstest.Try(t, new(airsocket.Options), url)
	if a.Opened || a.Err == nil {
		t.Fatal("a certificate that nobody has signed was accepted")
	}
	if _, ok := errors.AsType[*airsocket.TLSError](a.Err.Err); !ok {
		t.Errorf("the error is %v", a.Err.Err)
	}
}
