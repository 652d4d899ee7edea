package airsocket_test

import (
	"bufio"
	"bytes"
	"compress/flate"
	"crypto/md5"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/wire"
)

// A conversation is a recording in which a Socket takes one part. The test
// takes the other and makes the Socket say what the recorded program said.
type conversation struct {
	t      *testing.T
	rec    *recording
	role   wire.Role
	manner manner
	dev    deviation

	our, their string // c2s or s2c
	ours       *recordedSide
	theirs     *recordedSide

	s      *airsocket.Socket
	ourEnd net.Conn
	conn   net.Conn
	in     *bufio.Reader // what the Socket sends
	inner  io.Reader     // the same without deflate-stream
	heard  chan string   // what the handlers are told

	mu   sync.Mutex
	keys [][4]byte // of the next frames that the Socket sends

	recorded  []byte          // what was recorded since the last comparison
	answered  []recordedFrame // by the Socket itself
	closed    bool            // the Socket has been closed
	broken    bool            // the Socket has failed the connection
	theyClose *recordedFrame
	stop      bool // nothing that follows counts
}

func newConversation(t *testing.T, r *recording, role wire.Role, m manner) *conversation {
	c := &conversation{t: t, rec: r, role: role, manner: m, dev: r.deviation(role), our: "s2c", their: "c2s", heard: make(chan string, 4096)}
	if c.dev.reason != "" {
		t.Log("tolerated: " + c.dev.reason)
	}
	if role == wire.Client {
		c.our, c.their = c.their, c.our
	}
	c.ours, c.theirs = r.sides[c.our], r.sides[c.their]
	if m.tcp {
		c.conn, c.ourEnd = pair(t)
	} else {
		c.conn, c.ourEnd = net.Pipe()
	}
	t.Cleanup(func() { c.conn.Close() })
	c.conn.SetDeadline(time.Now().Add(patience))
	c.in = bufio.NewReader(c.conn)
	c.inner = c.in
	return c
}

// have has the conversation.
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

// open is the opening handshake.
func (c *conversation) open() {
	head, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(c.rec.sides["c2s"].wire[0])))
	if err != nil {
		c.t.Fatal(err)
	}
	answer, _, _ := bytes.Cut(c.rec.sides["s2c"].wire[0], []byte("\r\n\r\n"))
	protocol := regexp.MustCompile(`(?m)^(?:Sec-)?WebSocket-Protocol: (\w\S*)`).FindSubmatch(answer)
	opts := apart(&airsocket.Options{Parallel: true, Versions: wire.AllVersions(), Parts: c.manner.parts, DeflateStream: bytes.Contains(answer, []byte("deflate-stream"))})
	if protocol != nil {
		opts.Protocols = []string{string(protocol[1])}
	}
	if c.role == wire.Server {
		opts.Origins = []string{"*"}
		c.listen(opts)
		c.accept()
	} else {
		opts.Version, opts.Dial = c.rec.version, dialTo(c.ourEnd)
		opts.Origin = head.Header.Get("Sec-WebSocket-Origin") + head.Header.Get("Origin")
		if asked := head.Header.Get("Sec-WebSocket-Protocol"); asked != "" {
			opts.Protocols = strings.Split(asked, ", ")
		}
		key := nonce(c.t, head.Header.Get("Sec-WebSocket-Key"))
		opts.Predetermine(func(p []byte) {
			if copy(p, key) == 0 {
				rand.NewChaCha8([32]byte{}).Read(p)
			}
		}, c.nextKey)
		c.listen(opts)
		c.connect("ws://" + head.Host + head.RequestURI)
	}
	if opts.DeflateStream {
		c.inner = flate.NewReader(c.in)
	}
	c.want("open")
}

// listen makes the Socket and writes down what its handlers are told.
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
	case <-time.After(patience):
		c.t.Fatalf("no event, want %s", line)
	}
}

// accept has the Socket answer the recorded request.
func (c *conversation) accept() {
	if err := c.s.StartServer(c.ourEnd); err != nil {
		c.t.Fatal(err)
	}
	c.write(c.theirs.wire[0])
	got := make([]byte, len(c.ours.wire[0]))
	if c.rec.Peer != "" { // the other end was no harness: it had ways of its own
		got = []byte(readHead(c.t, c.in))
		if c.rec.version == wire.Hixie76 {
			got = append(got, make([]byte, 16)...)
			io.ReadFull(c.in, got[len(got)-16:])
		}
		if proof := func(b []byte) string { return string(b[len(b)-16:]) }; c.rec.version == wire.Hixie76 && proof(got) != proof(c.ours.wire[0]) {
			c.t.Errorf("proof %q, recorded was %q", proof(got), proof(c.ours.wire[0]))
		}
		return
	}
	c.read(c.in, got)
	if !bytes.Equal(got, c.ours.wire[0]) {
		c.t.Errorf("answer\n%q\nrecorded was\n%q", got, c.ours.wire[0])
	}
}

// connect has the Socket make the recorded request, and answers it as recorded.
func (c *conversation) connect(url string) {
	if err := c.s.Connect(url); err != nil {
		c.t.Fatal(err)
	}
	got, recorded, answer := readHead(c.t, c.in), string(c.ours.wire[0]), c.theirs.wire[0]
	if c.rec.version == wire.Hixie76 {
		// The numbers are hidden anew in each key, and the answer is theirs.
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

// say has the Socket send what was sent in a step, and compares the bytes.
func (c *conversation) say(step int) {
	frames := c.ours.frames[step]
	if c.ours.inner != nil {
		c.recorded = append(c.recorded, c.ours.inner[step]...)
	}
	if len(frames) == 0 { // a part of a frame
		return
	}
	all, whole := messages(frames)
	var want []byte
	for _, f := range all {
		if c.theyClose != nil && f.kind != wire.Close || c.wasAnswered(f) {
			whole = false // the harness went on where no endpoint may, or the Socket has said it already
			continue
		}
		c.queueKey(f.key)
		if err := c.send(f); err != nil {
			c.t.Fatalf("sending kind %d: %v", f.kind, err)
		}
		want = f.appendFrame(want, c.rec.version, c.role == wire.Client)
		whole = whole && (f.kind != wire.Close || c.rec.version != wire.Hixie75) // where go.net sends one that the draft has not
	}
	if whole && c.ours.inner != nil && !bytes.Equal(want, c.recorded) {
		c.t.Fatalf("step %d: the test would send %x, recorded was %x", step, want, c.recorded)
	}
	c.recorded = nil
	c.readExactly(want)
}

func (c *conversation) send(f recordedFrame) error {
	if f.kind == wire.Close {
		c.closed = true
		if f.code == int(wire.StatusNoStatusReceived) {
			f.code = 0
		}
		return c.s.Close(wire.StatusCode(f.code), string(f.data))
	}
	return c.s.SendMessage(f.kind, f.data)
}

// wasAnswered reports whether f is what the Socket has answered by itself.
func (c *conversation) wasAnswered(f recordedFrame) bool {
	i := slices.IndexFunc(c.answered, func(a recordedFrame) bool { return a.kind == f.kind && (a.sum == f.sum || a.kind == wire.Close) })
	if i >= 0 {
		c.answered = slices.Delete(c.answered, i, i+1)
	}
	return i >= 0
}

// hear gives the Socket what it got in a step, and waits for its events and for
// what it answers by itself: pongs, and the answer to a close.
func (c *conversation) hear(step int) {
	frames := c.theirs.frames[step]
	if c.dev.at == fmt.Sprintf("%s:%d", c.their, step) {
		c.hearViolation(step)
		return
	}
	var owed []byte
	for _, f := range frames {
		if f.kind != wire.Ping && f.kind != wire.Close || c.closed || c.theyClose != nil {
			continue
		}
		if f.kind == wire.Ping {
			f.kind = wire.Pong
		}
		f.key = c.keyOf(f)
		c.queueKey(f.key)
		owed = f.appendFrame(owed, c.rec.version, c.role == wire.Client)
		c.answered = append(c.answered, f)
		if f.kind == wire.Close {
			break
		}
	}
	c.write(c.theirs.wire[step])
	c.understand(frames)
	c.readExactly(owed)
}

// hearViolation is the last step of a peer that breaks a rule: what comes before
// counts, and the Socket says what is wrong.
func (c *conversation) hearViolation(step int) {
	c.stop = true
	rule := c.dev.rule
	frames := c.theirs.frames[step]
	c.write(c.theirs.wire[step])
	c.understand(frames[:slices.IndexFunc(frames, func(f recordedFrame) bool {
		return rule == wire.ErrStreamData ||
			rule == wire.ErrInvalidUTF8 && f.kind == wire.Text && !utf8.Valid(f.data) ||
			rule == wire.ErrCloseCode && f.kind == wire.Close
	})])
	c.want("error: " + rule.Error())
	c.broken = true
	c.readExactly(recordedFrame{kind: wire.Close, code: c.dev.code, data: []byte(rule.Reason)}.appendFrame(nil, c.rec.version, c.role == wire.Client))
}

// understand waits for the events of frames.
func (c *conversation) understand(frames []recordedFrame) {
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

// keyOf is the key that the recorded peer had for f.
func (c *conversation) keyOf(f recordedFrame) [4]byte {
	for _, frames := range c.ours.frames {
		for _, sent := range frames {
			if sent.kind == f.kind && (sent.sum == f.sum || f.kind == wire.Close) {
				return sent.key
			}
		}
	}
	return f.key
}

func (c *conversation) queueKey(key [4]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = append(c.keys, key)
}

func (c *conversation) nextKey() (key [4]byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.keys) > 0 {
		key, c.keys = c.keys[0], c.keys[1:]
	}
	return key
}

// write sends p in the pieces that the manner wants; of a flood only the
// beginning byte by byte.
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

func (c *conversation) readExactly(want []byte) {
	c.t.Helper()
	got := make([]byte, len(want))
	c.read(c.inner, got)
	if !bytes.Equal(got, want) {
		c.t.Fatalf("sent\n%x, want\n%x", got, want)
	}
}

// end ends the connection, from our side or from theirs.
func (c *conversation) end(ours bool) {
	c.stop = true
	if ours && c.theyClose == nil && !c.closed && c.rec.version == wire.Hixie75 {
		c.closed = true
		c.s.Close(0, "")
	}
	if !ours || c.role == wire.Server && c.theyClose == nil && !c.closed {
		c.conn.Close()
	}
}

// finish waits for the end of the Socket.
func (c *conversation) finish() {
	want := fmt.Sprintf("close %d %q clean %v", wire.StatusNoStatusReceived, "", true)
	switch {
	case c.broken:
		want = fmt.Sprintf("close %d %q clean %v", c.dev.rule.Code, c.dev.rule.Reason, false)
	case c.theyClose != nil:
		want = fmt.Sprintf("close %d %q clean %v", c.theyClose.code, c.theyClose.data, true)
	case c.rec.version == wire.Hixie75 || c.closed && c.rec.version < wire.Hybi13:
	default:
		c.want("error: " + wire.ErrUnexpectedEnd.Error())
		want = fmt.Sprintf("close %d %q clean %v", wire.StatusAbnormalClosure, "", false)
	}
	c.want(want)
}

// wantEnd waits for the end of what the Socket sends: after the closing
// handshake the server ends the connection (RFC 6455, section 7.1.1).
func (c *conversation) wantEnd() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.in); errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Error("the server does not end the connection")
	}
}
