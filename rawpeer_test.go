package airsocket_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// A rawPeer is the other end of a connection, written with nothing of this
// project, so that it can do what no good endpoint does.
type rawPeer struct {
	t testing.TB
	net.Conn
	br     *bufio.Reader
	client bool // it masks what it sends
}

const rawRequest = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

const rawAnswer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: %s\r\n\r\n"

func newRawPeer(t testing.TB, conn net.Conn, client bool) *rawPeer {
	return &rawPeer{t: t, Conn: conn, br: bufio.NewReader(conn), client: client}
}

// dialRaw connects to the host of a URL and leaves the handshake to the caller.
func dialRaw(t testing.TB, rawURL string) *rawPeer {
	t.Helper()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(patience))
	return newRawPeer(t, conn, true)
}

// connectRaw is dialRaw with the handshake.
func connectRaw(t testing.TB, rawURL string) *rawPeer {
	t.Helper()
	p := dialRaw(t, rawURL)
	p.open()
	return p
}

// open is a client's handshake.
func (p *rawPeer) open() {
	p.t.Helper()
	p.write([]byte(rawRequest))
	if status := p.answer().StatusCode; status != http.StatusSwitchingProtocols {
		p.t.Fatalf("the handshake was answered with %d", status)
	}
}

// answer reads an HTTP response and, but for 101, its body.
func (p *rawPeer) answer() *http.Response {
	p.t.Helper()
	res, err := http.ReadResponse(p.br, nil)
	if err != nil {
		p.t.Fatalf("no HTTP answer: %v", err)
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(res.Body)
		if err != nil {
			p.t.Fatalf("the body of the answer: %v", err)
		}
		res.Body = io.NopCloser(bytes.NewReader(body))
	}
	return res
}

// accept is a server's handshake, with more in the same write.
func (p *rawPeer) accept(more ...[]byte) *http.Request {
	p.t.Helper()
	req := p.request()
	sum := sha1.Sum([]byte(req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	head := fmt.Sprintf(rawAnswer, base64.StdEncoding.EncodeToString(sum[:]))
	p.write(append([]byte(head), bytes.Join(more, nil)...))
	return req
}

// openAsEither is the handshake of either role.
func (p *rawPeer) openAsEither() {
	p.t.Helper()
	if p.client {
		p.open()
	} else {
		p.accept()
	}
}

func (p *rawPeer) request() *http.Request {
	p.t.Helper()
	req, err := http.ReadRequest(p.br)
	if err != nil {
		p.t.Fatalf("no request: %v", err)
	}
	return req
}

func (p *rawPeer) write(b []byte) {
	p.t.Helper()
	if _, err := p.Write(b); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// The first bytes of frames that are whole messages.
const (
	opText   = 0x81
	opBinary = 0x82
	opClose  = 0x88
	opPing   = 0x89
	opPong   = 0x8A
)

// frame is a frame with the first byte first, masked if a client sends it.
func frame(client bool, first byte, payload string) []byte {
	b := []byte{first}
	mask := byte(0)
	if client {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !client {
		return append(b, payload...)
	}
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i%4])
	}
	return b
}

func (p *rawPeer) frame(first byte, payload string) []byte { return frame(p.client, first, payload) }

func (p *rawPeer) send(first byte, payload string) {
	p.t.Helper()
	p.write(p.frame(first, payload))
}

// closing is the payload of a close frame.
func closing(code int, reason string) string {
	return string([]byte{byte(code >> 8), byte(code)}) + reason
}

// read reads one frame.
func (p *rawPeer) read() (first byte, payload string, err error) {
	var head [10]byte
	if _, err := io.ReadFull(p.br, head[:2]); err != nil {
		return 0, "", err
	}
	n := uint64(head[1] & 0x7F)
	switch n {
	case 126:
		_, err = io.ReadFull(p.br, head[2:4])
		n = uint64(binary.BigEndian.Uint16(head[2:4]))
	case 127:
		_, err = io.ReadFull(p.br, head[2:10])
		n = binary.BigEndian.Uint64(head[2:10])
	}
	var key [4]byte
	if masked := head[1]&0x80 != 0; masked == p.client {
		p.t.Errorf("masked is %v for what the other end sends", masked)
	} else if masked {
		_, err = io.ReadFull(p.br, key[:])
	}
	if err != nil {
		return 0, "", err
	}
	data := make([]byte, n)
	_, err = io.ReadFull(p.br, data)
	for i := range data {
		data[i] ^= key[i%4]
	}
	return head[0], string(data), err
}

// want reads the frame that is to come next.
func (p *rawPeer) want(first byte, payload string) {
	p.t.Helper()
	gotFirst, got, err := p.read()
	if err != nil {
		p.t.Fatalf("instead of a frame %#x %.40q: %v", first, payload, err)
	}
	if gotFirst != first || got != payload {
		p.t.Fatalf("frame %#x %.40q (%d bytes), want %#x %.40q (%d bytes)", gotFirst, got, len(got), first, payload, len(payload))
	}
}

// wantClose reads a close frame and lets its reason be.
func (p *rawPeer) wantClose(code airsocket.StatusCode) {
	p.t.Helper()
	first, payload, err := p.read()
	if err != nil {
		p.t.Fatalf("instead of a close frame: %v", err)
	}
	if first != opClose || len(payload) < 2 || payload[:2] != closing(int(code), "") {
		p.t.Fatalf("frame %#x %q, want a close with %d", first, payload, code)
	}
}

// wantEOF waits for an orderly end of what the other end sends.
func (p *rawPeer) wantEOF() {
	p.t.Helper()
	if b, err := p.br.ReadByte(); err != io.EOF {
		p.t.Fatalf("byte %#x and error %v, want EOF", b, err)
	}
}

// wantEnd waits for the end of the connection in whatever way.
func (p *rawPeer) wantEnd() {
	p.t.Helper()
	if b, err := p.br.ReadByte(); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.ErrClosedPipe) {
		p.t.Fatalf("byte %#x and error %v, want the end", b, err)
	}
}

// wantTheEnd reads whatever comes until the end of the connection.
func (p *rawPeer) wantTheEnd() {
	p.t.Helper()
	if _, err := io.Copy(io.Discard, p.br); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		p.t.Fatalf("%v, want the end", err)
	}
}

// wantCloseOrEnd is for a close frame that may have come too late to be sent.
func (p *rawPeer) wantCloseOrEnd() {
	p.t.Helper()
	first, _, err := p.read()
	switch {
	case err == nil && first == opClose:
		p.wantEnd()
	case err != io.EOF && !errors.Is(err, syscall.ECONNRESET):
		p.t.Fatalf("frame %#x, error %v", first, err)
	}
}

// part is the end of a closing handshake: the server ends the connection, and
// the client waits for that (RFC 6455, section 7.1.1).
func (p *rawPeer) part() {
	p.t.Helper()
	if p.client {
		p.wantEnd()
	}
	p.Close()
}

// reset ends the connection with an RST.
func (p *rawPeer) reset() {
	p.Conn.(*net.TCPConn).SetLinger(0)
	p.Close()
}

// pair is the two ends of a new TCP connection.
func pair(t testing.TB) (a, b *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dialed, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		dialed.Close()
		accepted.Close()
	})
	return dialed.(*net.TCPConn), accepted.(*net.TCPConn)
}

// startServer runs a socket that takes the server's part on a TCP connection
// until it has ended. The peer has a goroutine of its own.
func startServer(t testing.TB, set func(*airsocket.Options), attach func(*airsocket.Socket), peer func(*rawPeer)) *journal {
	t.Helper()
	theirs, ours := pair(t)
	opts := new(airsocket.Options)
	return converse(t, opts, set, attach, func(s *airsocket.Socket) error { return s.StartServer(ours) }, newRawPeer(t, theirs, true), peer)
}

// startClient is startServer with the roles the other way round.
func startClient(t testing.TB, set func(*airsocket.Options), attach func(*airsocket.Socket), peer func(*rawPeer)) *journal {
	t.Helper()
	theirs, ours := pair(t)
	opts := &airsocket.Options{Dial: dialTo(ours)}
	return converse(t, opts, set, attach, func(s *airsocket.Socket) error { return s.Connect("ws://example.com/") }, newRawPeer(t, theirs, false), peer)
}

func converse(t testing.TB, opts *airsocket.Options, set func(*airsocket.Options), attach func(*airsocket.Socket), start func(*airsocket.Socket) error, p *rawPeer, peer func(*rawPeer)) *journal {
	t.Helper()
	d := airsocket.NewDispatcher()
	opts.Dispatcher = d
	if set != nil {
		set(opts)
	}
	s := airsocket.NewSocket(opts)
	j := follow(t, s)
	p.SetDeadline(time.Now().Add(patience))
	var wg sync.WaitGroup
	wg.Go(func() {
		defer func() {
			if t.Failed() { // perhaps in the middle: nobody may wait for the peer
				p.Close()
			}
		}()
		peer(p)
	})
	run(t, d, func() {
		if attach != nil {
			attach(s)
		}
		if err := start(s); err != nil {
			t.Error(err)
		}
	})
	wg.Wait()
	return j
}
