package airsocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// What the connections of these tests fail with.
var (
	errDialling = errors.New("cannot be dialled")
	errReading  = errors.New("cannot be read")
	errWriting  = errors.New("cannot be written to")
)

// A line is a connection of two pipes, one for each direction, which the peer can
// end, or break, by itself. It has no descriptor, so that writing always waits for
// a peer that reads.
type line struct {
	net.Conn // that is written to
	in       net.Conn
	peer     *linePeer
}

func (l *line) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	if err == io.EOF && l.peer.has(&l.peer.readFails) {
		err = errReading
	}
	return n, err
}

func (l *line) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	if err != nil && l.peer.has(&l.peer.writeFails) {
		err = errWriting
	}
	return n, err
}

func (l *line) SetDeadline(t time.Time) error {
	return errors.Join(l.in.SetDeadline(t), l.Conn.SetDeadline(t))
}
func (l *line) SetReadDeadline(t time.Time) error { return l.in.SetReadDeadline(t) }
func (l *line) CloseWrite() error                 { return l.Conn.Close() }
func (l *line) Close() error                      { return errors.Join(l.in.Close(), l.Conn.Close()) }

// A gate is something that a linePeer does not do before it is told to.
type gate struct {
	once sync.Once
	ch   chan struct{}
}

func newGate(opened bool) *gate {
	g := &gate{ch: make(chan struct{})}
	if opened {
		g.open()
	}
	return g
}

func (g *gate) open() { g.once.Do(func() { close(g.ch) }) }
func (g *gate) wait() { <-g.ch }

// A linePeer is the other end of a line. By itself it does what a good endpoint
// does, as far as its gates are open.
type linePeer struct {
	raw     *wstest.RawPeer // whose Conn it reads
	out     net.Conn        // that it writes to
	status  string          // with which a server refuses; empty: it does not
	begins  *gate           // it does its part of the handshake
	reads   *gate           // it reads frames
	answers *gate           // it answers a close frame
	closes  *gate           // it closes, if nobody has

	mu                            sync.Mutex
	closed, readFails, writeFails bool
	mute                          bool          // pings are not answered
	deaf                          bool          // nothing more is read
	told                          chan struct{} // closed when its close frame has been taken
	sending                       chan struct{} // is full while it writes
}

func (p *linePeer) has(flag *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *flag
}

// set sets a flag and returns what it was.
func (p *linePeer) set(flag *bool) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := *flag
	*flag = true
	return was
}

// newLine returns a connection to a peer, a client or a server, that runs already.
func newLine(t *testing.T, client, ready bool) *line {
	in, theirOut := net.Pipe()
	out, theirIn := net.Pipe()
	p := &linePeer{raw: wstest.NewRawPeer(t, theirIn, client), out: theirOut, told: make(chan struct{}), sending: make(chan struct{}, 1)}
	p.begins, p.reads, p.answers, p.closes = newGate(ready), newGate(ready), newGate(ready), newGate(false)
	go p.run()
	return &line{Conn: out, in: in, peer: p}
}

func (p *linePeer) run() {
	defer p.hangUp()
	if !p.handshake() {
		return
	}
	go func() {
		p.closes.wait()
		p.close(1000, "bye")
	}()
	p.reads.wait()
	for {
		if p.has(&p.deaf) {
			p.closes.wait()
			return
		}
		first, payload, err := p.raw.ReadFrame()
		switch {
		case err != nil && p.has(&p.writeFails): // by its own doing
			p.closes.wait()
			p.close(1000, "bye")
			return
		case err != nil:
			return
		case first == wstest.OpPing && !p.has(&p.mute) && !p.has(&p.closed):
			go p.send(wstest.OpPong, payload)
		case first == wstest.OpClose:
			p.answers.wait()
			if p.raw.Client { // it waits for the end
				go p.sendClose(payload)
				continue
			}
			p.sendClose(payload)
			return
		}
	}
}

// handshake reports whether the connection is open then.
func (p *linePeer) handshake() bool {
	if p.raw.Client {
		p.begins.wait()
		go io.WriteString(p.out, wstest.UpgradeRequest)
		head, err := readHead(p.raw.Reader)
		if err != nil && p.has(&p.writeFails) { // by its own doing
			p.closes.wait()
			return false
		}
		if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			io.Copy(io.Discard, p.raw.Reader)
			return false
		}
		return true
	}
	head, err := readHead(p.raw.Reader)
	if err != nil {
		return false
	}
	p.begins.wait()
	answer := fmt.Sprintf(wstest.UpgradeResponse, wstest.AcceptKey(fieldOf(head, "Sec-WebSocket-Key")))
	if p.status != "" {
		answer = "HTTP/1.1 " + p.status + "\r\nContent-Length: 0\r\n\r\n"
	}
	_, err = io.WriteString(p.out, answer)
	return err == nil && p.status == ""
}

func readHead(r io.ByteReader) (string, error) {
	var head []byte
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		b, err := r.ReadByte()
		if err != nil {
			return "", err
		}
		head = append(head, b)
	}
	return string(head), nil
}

func fieldOf(head, name string) string {
	_, rest, _ := strings.Cut(head, name+": ")
	value, _, _ := strings.Cut(rest, "\r\n")
	return value
}

func (p *linePeer) send(first byte, payload string) {
	p.sending <- struct{}{} // not the pipe's lock: synctest.Wait does not return while a lock is waited for
	p.out.Write(p.raw.Frame(first, payload))
	<-p.sending
}

func (p *linePeer) close(code int, reason string) { p.sendClose(wstest.ClosePayload(code, reason)) }

// sendClose sends a close frame, unless one has been sent, and returns when it has
// been taken.
func (p *linePeer) sendClose(payload string) {
	if !p.set(&p.closed) {
		p.send(wstest.OpClose, payload)
		close(p.told)
	}
	<-p.told
}

// goOn opens all gates but the last.
func (p *linePeer) goOn() {
	for _, g := range []*gate{p.reads, p.answers, p.begins} {
		g.open()
	}
}

func (p *linePeer) hangUp() {
	p.out.Close()
	p.raw.Close()
}

// A scene is one Socket that is brought to a state, in a bubble of time, so that
// one thing is done to it there.
type scene struct {
	t        *testing.T
	role     string
	act      string
	opts     *airsocket.Options
	s        *airsocket.Socket
	paused   bool
	holds    bool              // no handler may run while the act is done
	srv      *airsocket.Server // a server's, unless StartServer is called
	listener *pipeListener
	dial     func(context.Context) (net.Conn, error) // the first time

	onConnect, onOpen, onMessage, onError, onClose func() // once
	onGoOn                                         func() // what goes on besides the peer; may be nil

	mu       sync.Mutex
	lines    []*line
	events   []string
	told     bool                 // the act has been done
	state    airsocket.ReadyState // before the act
	after    airsocket.ReadyState // and after it, if no handler may run
	err      error
	acted    chan struct{} // closed when it has returned
	shutdown chan error
}

func newScene(t *testing.T, role, act string) *scene {
	sc := &scene{t: t, role: role, act: act, acted: make(chan struct{}), shutdown: make(chan error, 1)}
	sc.opts = &airsocket.Options{Dispatcher: new(airsocket.Dispatcher), Protocols: []string{"p"}}
	if set := actTimes[act]; set != nil {
		set(sc.opts)
	}
	sc.opts.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if dial := sc.dial; dial != nil {
			sc.dial = nil
			return dial(ctx)
		}
		return sc.line(false, true), nil
	}
	return sc
}

// line returns a new connection.
func (sc *scene) line(client, ready bool) *line {
	l := newLine(sc.t, client, ready)
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.lines = append(sc.lines, l)
	return l
}

// peer is the first one, or nil.
func (sc *scene) peer() *linePeer {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if len(sc.lines) == 0 {
		return nil
	}
	return sc.lines[0].peer
}

func (sc *scene) peers() (peers []*linePeer) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	for _, l := range sc.lines {
		peers = append(peers, l.peer)
	}
	return peers
}

func (sc *scene) note(format string, args ...any) {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	sc.events = append(sc.events, fmt.Sprintf(format, args...))
}

// do does what the scene is for, and forgets what was before it.
func (sc *scene) do() {
	sc.mu.Lock()
	if sc.told {
		sc.t.Error("the state was reached twice")
	}
	sc.told, sc.events = true, nil
	sc.mu.Unlock()
	defer close(sc.acted)
	if sc.holds {
		defer sc.holdTurn()()
	}
	sc.state = sc.s.ReadyState()
	sc.err = acts[sc.act](sc)
	sc.after = sc.s.ReadyState()
}

func once(fn *func()) {
	if f := *fn; f != nil {
		*fn = nil
		f()
	}
}

// follow keeps s and notes its events.
func (sc *scene) follow(s *airsocket.Socket) {
	sc.s = s
	s.OnOpen(func(*airsocket.OpenEvent) {
		sc.wantReady("open", airsocket.StateOpen)
		sc.note("open")
		once(&sc.onOpen)
	})
	s.OnMessage(func(e *airsocket.MessageEvent) { once(&sc.onMessage) })
	s.OnError(func(e *airsocket.ErrorEvent) {
		if sc.opts.Rules == airsocket.RulesBrowser {
			sc.wantReady("error", airsocket.StateClosed)
		} else {
			sc.wantReady("error", airsocket.StateClosing)
		}
		sc.note("error(%s)", classOf(e.Err, sc.role))
		once(&sc.onError)
	})
	s.OnClose(func(e *airsocket.CloseEvent) {
		clean := "unclean"
		if e.WasClean {
			clean = "clean"
		}
		sc.wantReady("close", airsocket.StateClosed)
		sc.note("close %d %q %s", e.Code, e.Reason, clean)
		once(&sc.onClose)
	})
}

// wantReady is for the beginning of a handler.
func (sc *scene) wantReady(event string, want airsocket.ReadyState) {
	if got := sc.s.ReadyState(); got != want {
		sc.t.Errorf("ReadyState is %d in the %s event", got, event)
	}
}

// classOf is a name for an error.
func classOf(err error, role string) string {
	var names []string
	for _, c := range []struct {
		name string
		err  error
	}{
		{"unsent", airsocket.ErrUnsent}, {"aborted", airsocket.ErrAborted}, {"server closed", airsocket.ErrServerClosed},
		{"handshake timeout", airsocket.ErrHandshakeTimeout}, {"close timeout", airsocket.ErrCloseTimeout},
		{"pong timeout", airsocket.ErrPongTimeout}, {"write timeout", airsocket.ErrWriteTimeout}, {"idle timeout", airsocket.ErrIdleTimeout},
		{"message timeout", airsocket.ErrMessageTimeout}, {"rate limit", airsocket.ErrRateLimit}, {"unexpected end", wire.ErrUnexpectedEnd},
		{"no handshake", handshake.ErrUnexpected}, {"dialling", errDialling}, {"reading", errReading}, {"writing", errWriting},
	} {
		if errors.Is(err, c.err) {
			names = append(names, c.name)
		}
	}
	if _, ok := errors.AsType[*wire.ProtocolError](err); ok {
		names = append(names, "protocol")
	}
	if he, ok := errors.AsType[*handshake.Error](err); ok {
		name := "handshake"
		if role == "server" {
			name = fmt.Sprintf("answered with %d", he.Status)
		}
		names = append(names, name)
	}
	if names == nil {
		return err.Error()
	}
	return strings.Join(names, ", ")
}

// begin starts the Socket. Its connection is with a peer that does not begin yet.
func (sc *scene) begin() {
	if sc.role == "client" {
		sc.follow(airsocket.NewSocket(sc.opts))
		if sc.dial == nil {
			l := sc.line(false, false)
			sc.dial = func(context.Context) (net.Conn, error) { return l, nil }
		}
		if err := sc.s.Connect("ws://example.com/"); err != nil {
			sc.t.Error(err)
		}
		synctest.Wait()
		return
	}
	if sc.srv == nil {
		sc.srv = new(airsocket.Server)
	}
	sc.srv.Options = sc.opts
	sc.srv.OnConnect(func(s *airsocket.Socket) {
		if sc.s == nil {
			sc.follow(s)
		}
		once(&sc.onConnect)
	})
	sc.listener = newPipeListener()
	go sc.srv.Serve(sc.listener)
	sc.listener.conns <- sc.line(true, false)
	synctest.Wait()
}

// open has the connection opened, with a peer that reads and answers.
func (sc *scene) open() {
	sc.begin()
	sc.peer().goOn()
	synctest.Wait()
}

// run reaches the state, and returns what follows there. A bar stands for the
// moment at which the peer, and whoever else has been waiting, goes on.
func (sc *scene) run(st *socketState) string {
	defer sc.cleanUp()
	st.reach(sc)
	select {
	case <-sc.acted: // it may take its time
		synctest.Wait()
	case <-time.After(time.Hour):
		sc.t.Fatalf("the state was not reached: %q", sc.events)
	}
	sc.note("|")
	if sc.onGoOn != nil {
		sc.onGoOn()
		synctest.Wait()
	}
	for _, p := range sc.peers() {
		p.goOn()
	}
	synctest.Wait()
	for _, p := range sc.peers() {
		p.closes.open()
	}
	synctest.Wait()
	time.Sleep(actWaits[sc.act]) // what a limit has held up comes in this time
	synctest.Wait()
	if sc.paused || sc.act == "Pause" {
		sc.note("resumed")
		sc.s.Resume()
		synctest.Wait()
		time.Sleep(actWaits[sc.act]) // as above, now that it reads again
		synctest.Wait()
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return strings.TrimSpace(strings.TrimSuffix(strings.Join(sc.events, " "), "|"))
}

// cleanUp ends what is left, and fails if it does not end.
func (sc *scene) cleanUp() {
	sc.mu.Lock()
	events := slices.Clone(sc.events)
	sc.mu.Unlock()
	st := sc.s.ReadyState()
	ended := st == airsocket.StateInit || st == airsocket.StateClosed
	if !ended {
		sc.t.Errorf("ReadyState is %d after %q", st, events)
		sc.s.Drop(1000, "")
	}
	for _, p := range sc.peers() {
		p.hangUp()
		p.goOn()
		p.closes.open()
	}
	if sc.srv != nil {
		sc.srv.Close()
		if sc.act == "ServerShutdown" {
			if err := <-sc.shutdown; err != nil {
				sc.t.Errorf("Shutdown: %v", err)
			}
		}
	}
	sc.opts.Dispatcher.Run(func() {}) // returns when nothing is left
	sc.mu.Lock()
	defer sc.mu.Unlock()
	if ended && !slices.Equal(sc.events, events) {
		sc.t.Errorf("more events at the end: %q", sc.events[len(events):])
	}
}
