package recorded

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A conversation repeats a recording with a Socket as one of the peers. The
// test is the other peer, and makes the Socket send what the recorded program
// sent.
type conversation struct {
	t      *testing.T
	rec    *Recording
	role   wire.Role
	manner manner
	dev    deviation

	our, their string // c2s or s2c
	ours       *Side
	theirs     *Side

	s      *airsocket.Socket
	ourEnd net.Conn
	conn   net.Conn
	in     *bufio.Reader // what the Socket sends
	inner  io.Reader     // the same without deflate-stream
	heard  chan string   // the events that the handlers received

	recorded  []byte  // what was recorded since the last comparison
	answered  []frame // what the Socket has sent by itself, as an answer
	closed    bool    // the Socket has been closed
	broken    bool    // the Socket has failed the connection
	theyClose *frame
	stop      bool // the rest of the recording is ignored
}

func newConversation(t *testing.T, r *Recording, role wire.Role, m manner) *conversation {
	c := &conversation{t: t, rec: r, role: role, manner: m, dev: r.deviation(role), our: "s2c", their: "c2s", heard: make(chan string, 4096)}
	if c.dev.reason != "" {
		t.Log("tolerated: " + c.dev.reason)
	}
	if role == wire.Client {
		c.our, c.their = c.their, c.our
	}
	c.ours, c.theirs = r.Sides[c.our], r.Sides[c.their]
	if m.tcp {
		c.conn, c.ourEnd = wstest.TCPPair(t)
	} else {
		c.conn, c.ourEnd = net.Pipe()
	}
	t.Cleanup(func() { c.conn.Close() })
	c.conn.SetDeadline(time.Now().Add(wstest.Patience))
	c.in = bufio.NewReader(c.conn)
	c.inner = c.in
	return c
}

// have repeats the whole recording.
func (c *conversation) have() {
	c.open()
	for _, step := range c.rec.Order[2:] {
		side, what, _ := strings.Cut(step, ":")
		switch {
		case c.stop:
		case slices.Contains(c.dev.skip, step):
		case what == "eof":
			c.end(side == c.our)
		case side == c.our:
			c.say(atoi(c.t, what))
		default:
			c.hear(atoi(c.t, what))
		}
	}
	if c.role == wire.Server && c.theyClose != nil {
		c.wantEnd()
	}
	c.end(false)
	c.finish()
}

// open does the opening handshake.
func (c *conversation) open() {
	head, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.rec.Sides["c2s"].Wire[0])))
	if err != nil {
		c.t.Fatal(err)
	}
	answer, _, _ := bytes.Cut(c.rec.Sides["s2c"].Wire[0], []byte("\r\n\r\n"))
	protocol := regexp.MustCompile(`(?m)^(?:Sec-)?WebSocket-Protocol: (\w\S*)`).FindSubmatch(answer)
	opts := wstest.OwnDispatcher(&airsocket.Options{Parallel: true, Versions: wire.AllVersions(), FrameEvents: c.manner.parts, DeflateStream: bytes.Contains(answer, []byte("deflate-stream"))})
	if protocol != nil {
		opts.Protocols = []string{string(protocol[1])}
	}
	if c.role == wire.Server {
		opts.Origins = []string{"*"}
		c.listen(opts)
		c.accept()
	} else {
		opts.Version, opts.Dial = c.rec.Version, wstest.DialTo(c.ourEnd)
		opts.Origin = head.Header.Get("Sec-WebSocket-Origin") + head.Header.Get("Origin")
		if asked := head.Header.Get("Sec-WebSocket-Protocol"); asked != "" {
			opts.Protocols = strings.Split(asked, ", ")
		}
		c.listen(opts)
		c.connect("ws://"+head.Host+head.RequestURI, head.Header.Get("Sec-WebSocket-Key"))
	}
	if opts.DeflateStream {
		c.inner = flate.NewReader(c.in)
	}
	c.want("open")
}

// listen makes the Socket, whose handlers write their events to c.heard.
func (c *conversation) listen(opts *airsocket.Options) {
	c.s = airsocket.NewSocket(opts)
	tell := func(format string, args ...any) { c.heard <- fmt.Sprintf(format, args...) }
	c.s.OnOpen(func(*airsocket.OpenEvent) { tell("open") })
	c.s.OnMessage(func(e *airsocket.MessageEvent) { tell("%s", describe(e.Kind(), len(e.Bytes()), sumOf(e.Bytes()))) })
	c.s.OnFrame(func(e *airsocket.FrameEvent) {
		tell("%s first %v final %v", describe(e.Kind, len(e.Data), sumOf(e.Data)), !e.Cont, !e.More)
	})
	c.s.OnPing(func(e *airsocket.PingEvent) { tell("%s", describe(wire.Ping, len(e.Data), sumOf(e.Data))) })
	c.s.OnPong(func(e *airsocket.PongEvent) { tell("%s", describe(wire.Pong, len(e.Data), sumOf(e.Data))) })
	c.s.OnError(func(e *airsocket.ErrorEvent) { tell("error: %v", e.Err) })
	c.s.OnClose(func(e *airsocket.CloseEvent) { tell("close %d %q clean %v", e.Code, e.Reason, e.WasClean) })
}

func describe(kind wire.Kind, size int, sum string) string {
	return fmt.Sprintf("kind %d, %d bytes, sha1 %s", kind, size, sum)
}

func (c *conversation) want(line string) {
	c.t.Helper()
	select {
	case got := <-c.heard:
		if got != line {
			c.t.Fatalf("event %s, want %s", got, line)
		}
	case <-time.After(wstest.Patience):
		c.t.Fatalf("no event, want %s", line)
	}
}

// accept makes the Socket answer the recorded request.
func (c *conversation) accept() {
	if err := c.s.StartServer(c.ourEnd); err != nil {
		c.t.Fatal(err)
	}
	c.write(c.theirs.Wire[0])
	got := make([]byte, len(c.ours.Wire[0]))
	if c.rec.Peer != "" { // both ends were real programs, whose answers are their own
		got = []byte(wstest.ReadHead(c.t, c.in))
		if c.rec.Version == wire.Hixie76 {
			got = append(got, make([]byte, 16)...)
			io.ReadFull(c.in, got[len(got)-16:])
		}
		if proof := func(b []byte) string { return string(b[len(b)-16:]) }; c.rec.Version == wire.Hixie76 && proof(got) != proof(c.ours.Wire[0]) {
			c.t.Errorf("proof %q, recorded was %q", proof(got), proof(c.ours.Wire[0]))
		}
		return
	}
	c.read(c.in, got)
	if !bytes.Equal(got, c.ours.Wire[0]) {
		c.t.Errorf("answer\n%q\nrecorded was\n%q", got, c.ours.Wire[0])
	}
}

// connect makes the Socket send the recorded request, and answers as recorded. The
// Socket does not send the recorded key but one of its own, which needs another
// answer.
func (c *conversation) connect(url, key string) {
	if err := c.s.Connect(url); err != nil {
		c.t.Fatal(err)
	}
	got, recorded, answer := wstest.ReadHead(c.t, c.in), string(c.ours.Wire[0]), c.theirs.Wire[0]
	if c.rec.Version > wire.Hixie76 {
		ours := keyOf(c.t, got)
		recorded = strings.Replace(recorded, key, ours, 1)
		accepted := []byte(wstest.AcceptKey(key))
		if bytes.Count(answer, accepted) != 1 {
			c.t.Fatalf("the recorded answer %q does not accept the key %q", answer, key)
		}
		answer = bytes.Replace(answer, accepted, []byte(wstest.AcceptKey(ours)), 1)
	}
	if c.rec.Version == wire.Hixie76 {
		// Each key hides a new number, and the answer depends on the numbers.
		keyFields := regexp.MustCompile(`(Sec-WebSocket-Key[12]): (.*)\r`)
		keys := keyFields.FindAllStringSubmatch(got, 2)
		proof := append(keyNumber(c.t, keys[1][2]), keyNumber(c.t, keys[0][2])...)
		proof = append(proof, make([]byte, 8)...)
		c.read(c.in, proof[8:])
		sum := md5.Sum(proof)
		answer = append(bytes.Clone(answer[:len(answer)-16]), sum[:]...)
		got, recorded = keyFields.ReplaceAllString(got, "$1\r"), keyFields.ReplaceAllString(recorded[:len(recorded)-8], "$1\r")
	}
	if c.rec.Peer == "" && got != recorded {
		c.t.Errorf("request\n%q\nrecorded was\n%q", got, recorded)
	}
	c.write(answer)
}

// say makes the Socket send what was sent in a step, and compares the bytes.
func (c *conversation) say(step int) {
	frames := c.ours.frames[step]
	if c.ours.inner != nil {
		c.recorded = append(c.recorded, c.ours.inner[step]...)
	}
	if len(frames) == 0 { // only a part of a frame
		return
	}
	all, whole := messages(frames)
	var sent []frame
	var want []byte
	for _, f := range all {
		if c.theyClose != nil && f.kind != wire.Close || c.wasAnswered(f) {
			whole = false // the harness sent it after a close, or the Socket has already sent it
			continue
		}
		if err := c.send(f); err != nil {
			c.t.Fatalf("sending kind %d: %v", f.kind, err)
		}
		sent = append(sent, f)
		want = f.appendFrame(want, c.rec.Version, c.role == wire.Client)
		whole = whole && (f.kind != wire.Close || c.rec.Version != wire.Hixie75) // go.net sends a close frame, which this draft does not have
	}
	if whole && c.ours.inner != nil && !bytes.Equal(want, c.recorded) {
		c.t.Fatalf("step %d: the test would send %x, recorded was %x", step, want, c.recorded)
	}
	c.recorded = nil
	c.readFrames(sent...)
}

func (c *conversation) send(f frame) error {
	if f.kind == wire.Close {
		c.closed = true
		if f.code == int(wire.StatusNoStatusReceived) {
			f.code = 0
		}
		return c.s.Close(wire.StatusCode(f.code), string(f.data))
	}
	return c.s.SendMessage(f.kind, f.data)
}

// wasAnswered reports whether the Socket has already sent f by itself, as an
// answer.
func (c *conversation) wasAnswered(f frame) bool {
	i := slices.IndexFunc(c.answered, func(a frame) bool { return a.kind == f.kind && (a.sum == f.sum || a.kind == wire.Close) })
	if i >= 0 {
		c.answered = slices.Delete(c.answered, i, i+1)
	}
	return i >= 0
}

// hear sends the Socket what was received in a step, waits for its events, and
// reads what it answers by itself: pongs and the answer to a close.
func (c *conversation) hear(step int) {
	frames := c.theirs.frames[step]
	if c.dev.at == fmt.Sprintf("%s:%d", c.their, step) {
		c.hearViolation(step)
		return
	}
	var owed []frame
	for _, f := range frames {
		if f.kind != wire.Ping && f.kind != wire.Close || c.closed || c.theyClose != nil {
			continue
		}
		if f.kind == wire.Ping {
			f.kind = wire.Pong
		}
		owed = append(owed, f)
		c.answered = append(c.answered, f)
		if f.kind == wire.Close {
			break
		}
	}
	c.write(c.theirs.Wire[step])
	c.understand(frames)
	c.readFrames(owed...)
}

// hearViolation does what hear does, for the step in which the peer breaks a
// rule, which is the last. The Socket must report the events before the
// violation, and then the rule.
func (c *conversation) hearViolation(step int) {
	c.stop = true
	rule := c.dev.rule
	frames := c.theirs.frames[step]
	c.write(c.theirs.Wire[step])
	c.understand(frames[:slices.IndexFunc(frames, func(f frame) bool {
		return rule == wire.ErrStreamData ||
			rule == wire.ErrInvalidUTF8 && f.kind == wire.Text && !utf8.Valid(f.data) ||
			rule == wire.ErrCloseCode && f.kind == wire.Close
	})])
	c.want("error: " + rule.Error())
	c.broken = true
	c.readFrames(frame{kind: wire.Close, code: c.dev.code, data: []byte(rule.Reason)})
}

// understand waits for the events of frames.
func (c *conversation) understand(frames []frame) {
	c.t.Helper()
	if !c.manner.parts {
		frames, _ = messages(frames)
	}
	for _, f := range frames {
		switch {
		case f.discarded, c.theyClose != nil:
		case f.kind == wire.Close:
			c.theyClose = &f
		case c.closed:
		case c.manner.parts && f.kind < wire.Close:
			c.want(fmt.Sprintf("%s first %v final %v", describe(f.kind, f.size, f.sum), f.first, f.final))
		default:
			c.want(describe(f.kind, f.size, f.sum))
		}
	}
}

// write sends p in the pieces that the manner selects. After 500 pieces it
// sends the rest at once.
func (c *conversation) write(p []byte) {
	c.t.Helper()
	for pieces := 0; len(p) > 0; pieces++ {
		n := len(p)
		if pieces < 500 {
			n = c.manner.cut(p)
		}
		if _, err := c.conn.Write(p[:n]); err != nil {
			if c.stop || c.closed || c.theyClose != nil {
				return // the Socket may have ended it already
			}
			c.t.Fatalf("write: %v", err)
		}
		p = p[n:]
	}
}

func (c *conversation) read(r io.Reader, p []byte) {
	c.t.Helper()
	if n, err := io.ReadFull(r, p); err != nil {
		c.t.Fatalf("after %x: %v", p[:n], err)
	}
}

// readFrames reads what the Socket sends and compares it with frames, except
// for the masking keys, which a client makes itself.
func (c *conversation) readFrames(frames ...frame) {
	c.t.Helper()
	client := c.role == wire.Client
	for _, f := range frames {
		want := f.appendFrame(nil, c.rec.Version, client)
		got := make([]byte, len(want))
		c.read(c.inner, got)
		if client && len(want) > 0 {
			f.key = f.keyIn(got, c.rec.Version)
			want = f.appendFrame(want[:0], c.rec.Version, client)
		}
		if !bytes.Equal(got, want) {
			c.t.Fatalf("sent\n%x, want\n%x", got, want)
		}
	}
}

// end ends the connection, from our side or from theirs.
func (c *conversation) end(ours bool) {
	c.stop = true
	if ours && c.theyClose == nil && !c.closed && c.rec.Version == wire.Hixie75 {
		c.closed = true
		c.s.Close(0, "")
	}
	if !ours || c.role == wire.Server && c.theyClose == nil && !c.closed {
		c.conn.Close()
	}
}

// finish waits for the last events of the Socket.
func (c *conversation) finish() {
	want := fmt.Sprintf("close %d %q clean %v", wire.StatusNoStatusReceived, "", true)
	switch {
	case c.broken:
		want = fmt.Sprintf("close %d %q clean %v", c.dev.rule.Code, c.dev.rule.Reason, false)
	case c.theyClose != nil:
		want = fmt.Sprintf("close %d %q clean %v", c.theyClose.code, c.theyClose.data, true)
	case c.rec.Version == wire.Hixie75 || c.closed && c.rec.Version < wire.Hybi13:
	default:
		c.want("error: " + wire.ErrUnexpectedEnd.Error())
		want = fmt.Sprintf("close %d %q clean %v", wire.StatusAbnormalClosure, "", false)
	}
	c.want(want)
}

// wantEnd waits until the Socket ends the connection, as a server does after
// the closing handshake (RFC 6455, section 7.1.1).
func (c *conversation) wantEnd() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.in); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Error("the server does not end the connection")
	}
}

// keyOf returns the key in the head of a request, which must encode 16 bytes (RFC
// 6455, section 4.1).
func keyOf(t testing.TB, head string) string {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head)))
	if err != nil {
		t.Fatal(err)
	}
	key := req.Header.Get("Sec-WebSocket-Key")
	if b, err := base64.StdEncoding.DecodeString(key); err != nil || len(b) != 16 {
		t.Fatalf("key %q: %v", key, err)
	}
	return key
}

// keyNumber returns the number that a key hides (draft 76, section 5.2).
func keyNumber(t testing.TB, key string) []byte {
	t.Helper()
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, key)
	product, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || !strings.Contains(key, " ") {
		t.Fatalf("key %q", key)
	}
	return binary.BigEndian.AppendUint32(nil, uint32(product/uint64(strings.Count(key, " "))))
}
