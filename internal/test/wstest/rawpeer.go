package wstest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// A RawPeer is the other end of a connection. It does not use the library, so
// that it can do what a correct endpoint never does. Its methods end the test
// when they fail, unless they return an error.
type RawPeer struct {
	T testing.TB
	net.Conn
	Reader *bufio.Reader
	Client bool // whether it masks what it sends
}

// NewRawPeer returns a peer that uses conn.
func NewRawPeer(t testing.TB, conn net.Conn, client bool) *RawPeer {
	return &RawPeer{T: t, Conn: conn, Reader: bufio.NewReader(conn), Client: client}
}

// DialRaw connects to the host of a URL and leaves the handshake to the caller.
func DialRaw(t testing.TB, rawURL string) *RawPeer {
	t.Helper()
	conn, err := Dial(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(Patience))
	return NewRawPeer(t, conn, true)
}

// ConnectRaw calls DialRaw and does the handshake.
func ConnectRaw(t testing.TB, rawURL string) *RawPeer {
	t.Helper()
	p := DialRaw(t, rawURL)
	p.Open()
	return p
}

// Open does a client's handshake.
func (p *RawPeer) Open() {
	p.T.Helper()
	p.WriteRaw([]byte(UpgradeRequest))
	if status := p.ReadResponse().StatusCode; status != http.StatusSwitchingProtocols {
		p.T.Fatalf("the handshake was answered with %d", status)
	}
}

// ReadResponse reads an HTTP response with its body, which 101 does not have.
func (p *RawPeer) ReadResponse() *http.Response {
	p.T.Helper()
	res, err := http.ReadResponse(p.Reader, nil)
	if err != nil {
		p.T.Fatalf("no HTTP answer: %v", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(res.Body)
		if err != nil {
			p.T.Fatalf("the body of the answer: %v", err)
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
	}
	return res
}

// Accept does a server's handshake and writes more together with the answer.
func (p *RawPeer) Accept(more ...[]byte) *http.Request {
	p.T.Helper()
	req := p.ReadRequest()
	head := fmt.Appendf(nil, UpgradeResponse, AcceptKey(req.Header.Get("Sec-WebSocket-Key")))
	p.WriteRaw(append(head, bytes.Join(more, nil)...))
	return req
}

// OpenAsEither does the handshake in the role of p.
func (p *RawPeer) OpenAsEither() {
	p.T.Helper()
	if p.Client {
		p.Open()
	} else {
		p.Accept()
	}
}

// OpenCompressed does a client's handshake with an offer of permessage-deflate, and
// returns the server's answer to the offer.
func (p *RawPeer) OpenCompressed(offer string) string {
	p.T.Helper()
	p.WriteRaw([]byte(RequestWith("GET / HTTP/1.1", "Sec-WebSocket-Extensions: "+offer)))
	return p.ReadResponse().Header.Get("Sec-WebSocket-Extensions")
}

// AcceptCompressed does a server's handshake with an answer to an offer of
// permessage-deflate, or without one if answer is empty, and returns the offer.
func (p *RawPeer) AcceptCompressed(answer string) string {
	p.T.Helper()
	req := p.ReadRequest()
	if answer != "" {
		answer = "\r\nSec-WebSocket-Extensions: " + answer
	}
	p.WriteRaw(fmt.Appendf(nil, UpgradeResponse, AcceptKey(req.Header.Get("Sec-WebSocket-Key"))+answer))
	return req.Header.Get("Sec-WebSocket-Extensions")
}

// ReadRequest reads an HTTP request.
func (p *RawPeer) ReadRequest() *http.Request {
	p.T.Helper()
	req, err := http.ReadRequest(p.Reader)
	if err != nil {
		p.T.Fatalf("no request: %v", err)
	}
	return req
}

// WriteRaw writes b as it is.
func (p *RawPeer) WriteRaw(b []byte) {
	p.T.Helper()
	if _, err := p.Write(b); err != nil {
		p.T.Fatalf("write: %v", err)
	}
}

// Frame returns the bytes of a frame that p sends.
func (p *RawPeer) Frame(first byte, payload string) []byte { return Frame(p.Client, first, payload) }

// Send sends a frame.
func (p *RawPeer) Send(first byte, payload string) {
	p.T.Helper()
	p.WriteRaw(p.Frame(first, payload))
}

// ReadFrame reads a frame and unmasks its payload.
func (p *RawPeer) ReadFrame() (first byte, payload string, err error) {
	var head [10]byte
	if _, err := io.ReadFull(p.Reader, head[:2]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1] & 0x7F)
	switch n {
	case 126:
		_, err = io.ReadFull(p.Reader, head[2:4])
		n = uint64(binary.BigEndian.Uint16(head[2:4]))
	case 127:
		_, err = io.ReadFull(p.Reader, head[2:10])
		n = binary.BigEndian.Uint64(head[2:10])
	}
	var key [4]byte
	if masked := head[1]&0x80 != 0; masked == p.Client {
		p.T.Errorf("masked is %v in a frame from the other end", masked)
	} else if masked {
		_, err = io.ReadFull(p.Reader, key[:])
	}
	if err != nil {
		return 0, "", err
	}
	data := make([]byte, n)
	_, err = io.ReadFull(p.Reader, data)
	for i := range data {
		data[i] ^= key[i%4]
	}
	return head[0], string(data), err
}

// Want reads the next frame and compares it with first and payload.
func (p *RawPeer) Want(first byte, payload string) {
	p.T.Helper()
	gotFirst, got, err := p.ReadFrame()
	if err != nil {
		p.T.Fatalf("instead of a frame %#x %.40q: %v", first, payload, err)
	}
	if gotFirst != first || got != payload {
		p.T.Fatalf("frame %#x %.40q (%d bytes), want %#x %.40q (%d bytes)", gotFirst, got, len(got), first, payload, len(payload))
	}
}

// WantClose reads a close frame with the code and any reason.
func (p *RawPeer) WantClose(code airsocket.StatusCode) {
	p.T.Helper()
	first, payload, err := p.ReadFrame()
	if err != nil {
		p.T.Fatalf("instead of a close frame: %v", err)
	}
	if first != OpClose || len(payload) < 2 || payload[:2] != ClosePayload(int(code), "") {
		p.T.Fatalf("frame %#x %q, want a close with %d", first, payload, code)
	}
}

// WantEOF waits until the other end has ended its side of the connection in an
// orderly way.
func (p *RawPeer) WantEOF() {
	p.T.Helper()
	if b, err := p.Reader.ReadByte(); err != io.EOF {
		p.T.Fatalf("byte %#x and error %v, want EOF", b, err)
	}
}

// WantEnd waits for the end of the connection, orderly or not. No data may come
// before it.
func (p *RawPeer) WantEnd() {
	p.T.Helper()
	if b, err := p.Reader.ReadByte(); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.ErrClosedPipe) {
		p.T.Fatalf("byte %#x and error %v, want the end", b, err)
	}
}

// SkipToEnd reads everything up to the end of the connection.
func (p *RawPeer) SkipToEnd() {
	p.T.Helper()
	if _, err := io.Copy(io.Discard, p.Reader); err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.ErrClosedPipe) {
		p.T.Fatalf("%v, want the end", err)
	}
}

// WantEndUnread waits until the other end has ended the connection, without
// reading what it sends.
func (p *RawPeer) WantEndUnread() {
	p.T.Helper()
	p.SetDeadline(time.Now().Add(Patience))
	for {
		if _, err := p.Write([]byte{0}); err != nil {
			if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
				return
			}
			p.T.Errorf("instead of the end: %v", err)
			return
		}
	}
}

// WantCloseOrEnd waits for the end of the connection. A close frame may come
// before it, but it is not sent if it comes too late.
func (p *RawPeer) WantCloseOrEnd() {
	p.T.Helper()
	first, _, err := p.ReadFrame()
	switch {
	case err == nil && first == OpClose:
		p.WantEnd()
	case err != io.EOF && !errors.Is(err, syscall.ECONNRESET):
		p.T.Fatalf("frame %#x, error %v", first, err)
	}
}

// FinishClose ends the connection after the close frames. A client waits until the
// server has ended it (RFC 6455, section 7.1.1).
func (p *RawPeer) FinishClose() {
	p.T.Helper()
	if p.Client {
		p.WantEnd()
	}
	p.Close()
}

// Reset ends the connection with an RST.
func (p *RawPeer) Reset() {
	p.TCP().SetLinger(0)
	p.TCP().Close()
}

// TCP returns the TCP connection of p, which may be below TLS.
func (p *RawPeer) TCP() *net.TCPConn { return Below(p.Conn).(*net.TCPConn) }
