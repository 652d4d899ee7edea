package airsocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// A callModel says what a Socket does that is called in any order, and whose peer does
// anything. It is in one of the states in which a Socket rests.
type callModel struct {
	state   airsocket.ReadyState
	browser bool // it has RulesBrowser
	client  bool
	answers bool // the peer answers a close frame
	paused  bool
	pending string // what the peer has done while the Socket is paused
	part    bool   // a message is unfinished
	closing string // the close event that follows when the peer answers
	decided bool   // it follows whatever comes now
	sent    int    // messages of the peer

	inMessage, inClose string // what handlers do, once

	events []string
}

func (m *callModel) event(format string, args ...any) {
	m.events = append(m.events, fmt.Sprintf(format, args...))
}

// close is for the end of a connection.
func (m *callModel) close(events ...string) {
	m.events = append(m.events, events...)
	m.state, m.paused, m.pending, m.decided = airsocket.StateClosed, false, "", false
	act := m.inClose
	if m.inClose = ""; act != "" {
		m.inHandler(act)
	}
}

// lost is for the end of an open connection because of its network or its peer.
func (m *callModel) lost(why string) {
	if m.browser {
		m.close(refused)
	} else {
		m.close(why, refused)
	}
}

// message is for a message of the peer that is read.
func (m *callModel) message() {
	if m.state != airsocket.StateOpen {
		return
	}
	m.event("message %d", m.sent)
	act := m.inMessage
	if m.inMessage = ""; act != "" {
		m.inHandler(act)
	}
}

// inHandler is do for a call in a handler: what it leads to comes after its return.
func (m *callModel) inHandler(act string) {
	at := len(m.events)
	err := m.do(act)
	m.events = slices.Insert(m.events, at, returned(err))
}

// returned is an event for what a call in a handler returns.
func returned(err error) string {
	for _, known := range []error{airsocket.ErrInvalidState, airsocket.ErrClosed, airsocket.ErrCode, wire.ErrPartOrder} {
		if errors.Is(err, known) {
			err = known
		}
	}
	return fmt.Sprint("returned ", err)
}

// applies reports whether the act is in the model in this state. An act of the peer needs
// one, and can be told apart from another only if that has been read.
func (m *callModel) applies(act string) bool {
	switch {
	case m.pending != "":
		return slices.Contains(strings.Fields("Resume Drop Send SendPart Ping Sleep Connect InMessage-Send"), act)
	case act == "PeerSends" || act == "StreamEnds":
		return m.state == airsocket.StateOpen || m.state == airsocket.StateClosing && !m.decided
	case act == "PeerCloses" || act == "PeerBreaksRule":
		return m.state == airsocket.StateOpen
	}
	return true
}

// do does what the act does, at the end of which nothing moves any more, and returns what
// the call returns.
func (m *callModel) do(act string) error {
	resting := m.state == airsocket.StateInit || m.state == airsocket.StateClosed
	name, how, _ := strings.Cut(act, "-")
	switch name {
	case "Connect", "StartServer", "SetProtocol":
		if !resting {
			return airsocket.ErrInvalidState
		}
		if name == "SetProtocol" {
			return nil
		}
		m.state, m.client, m.part, m.answers = airsocket.StateConnecting, name == "Connect", false, how == ""
		if how != "late" {
			m.open()
		}
	case "Send", "SendPart", "Ping":
		switch {
		case m.state == airsocket.StateInit, m.state == airsocket.StateConnecting:
			return airsocket.ErrInvalidState
		case m.state != airsocket.StateOpen && m.browser && name == "Send":
			return nil
		case m.state != airsocket.StateOpen:
			return airsocket.ErrClosed
		case name == "Send" && m.part:
			return wire.ErrPartOrder
		case name == "SendPart":
			m.part = !m.part
		}
	case "Close", "Close0", "Close1001", "Close1006", "CloseLongReason", "Drop":
		return m.closes(act)
	case "InMessage":
		m.inMessage = how
	case "InClose":
		m.inClose = strings.Replace(how, "+", "-", 1)
	default:
		m.others(act)
	}
	return nil
}

func (m *callModel) open() {
	m.state = airsocket.StateOpen
	m.event("open")
}

// ends is for a close frame or a fault of the peer. A peer that is mute does not end the
// connection then.
func (m *callModel) ends(end string) {
	if m.answers {
		m.close(end)
	} else {
		m.state, m.closing, m.decided = airsocket.StateClosing, end, true
	}
}

// closes is do for the calls that end a connection.
func (m *callModel) closes(act string) error {
	isNew := m.state == airsocket.StateInit
	switch {
	case act == "Close1006", act == "Close1001" && !isNew && m.client, act == "Close0" && !isNew && m.client && m.browser:
		return airsocket.ErrCode
	case act == "CloseLongReason":
		return airsocket.ErrReason
	case isNew:
		return airsocket.ErrInvalidState
	}
	end := map[string]string{"Close": `close 1000 "done" clean`, "Close0": `close 1005 "" clean`, "Close1001": `close 1001 "" clean`, "Drop": dropped}[act]
	switch {
	case m.state == airsocket.StateConnecting:
		m.close("error(aborted)", refused)
	case m.state == airsocket.StateOpen && (act == "Drop" || m.answers), m.state == airsocket.StateClosing && act == "Drop":
		if m.decided {
			end = m.closing
		}
		m.close(end)
	case m.state == airsocket.StateOpen:
		m.state, m.closing, m.paused = airsocket.StateClosing, end, false
	}
	return nil
}

// others is do for what the peer does, for time, and for Pause and Resume.
func (m *callModel) others(act string) {
	if m.paused && strings.HasPrefix(act, "Peer") && act != "PeerGoesOn" || m.paused && act == "StreamEnds" {
		m.pending = act
		if act == "PeerSends" {
			m.sent++
		}
		return
	}
	switch act {
	case "Pause":
		m.paused = m.state == airsocket.StateOpen
	case "Resume":
		act := m.pending
		if m.paused, m.pending = false, ""; act == "PeerSends" {
			m.message()
		} else if act != "" {
			m.others(act)
		}
	case "PeerGoesOn":
		m.answers = true
		switch m.state {
		case airsocket.StateConnecting:
			m.open()
		case airsocket.StateClosing:
			m.close(m.closing)
		}
	case "PeerSends":
		m.sent++
		m.message()
	case "PeerCloses":
		m.ends(`close 1001 "away" clean`)
	case "PeerBreaksRule":
		if m.browser {
			m.close("error(protocol)", refused)
			return
		}
		m.event("error(protocol)")
		m.ends(broken)
	case "StreamEnds":
		m.lost("error(unexpected end)")
	case "Sleep":
		switch {
		case m.state == airsocket.StateConnecting:
			m.close("error(handshake timeout)", refused)
		case m.decided:
			m.close(m.closing)
		case m.state == airsocket.StateClosing:
			m.lost("error(close timeout)")
		}
	}
}

// callActs are what a script is made of. The peer of a connection with "-late" takes no part
// in the handshake before it goes on, and that of one with "-mute" does not answer a close
// frame before.
var callActs = strings.Fields(`Connect StartServer Connect-late StartServer-late Connect-mute StartServer-mute SetProtocol
	Send SendPart Ping Close Close0 Close1001 Close1006 CloseLongReason Drop Pause Resume
	PeerGoesOn PeerSends PeerCloses PeerBreaksRule StreamEnds Sleep
	InMessage-Send InMessage-Close InMessage-Close0 InMessage-Drop InMessage-Connect InMessage-SendPart
	InClose-Connect InClose-StartServer InClose-Send InClose-Close InClose-Drop InClose-StartServer+late`)

// A callScene is a Socket that takes acts one after the other.
type callScene struct {
	*scene
	sent int  // messages of the peers
	part bool // a message is unfinished

	inMessage, inClose string // what handlers do, once
}

func newCallScene(t *testing.T, rules airsocket.Rules) *callScene {
	c := &callScene{scene: newScene(t, "server", "")}
	if c.opts.Rules = rules; rules == airsocket.RulesBrowser {
		c.opts.Protocols = nil // which the peer chooses none of
	}
	c.opts.CloseTimeout, c.opts.HandshakeTimeout = time.Second, time.Second
	c.follow(airsocket.NewSocket(c.opts))
	c.s.OnMessage(func(e *airsocket.MessageEvent) {
		c.note("message %s", e.Text())
		c.inHandler(&c.inMessage)
	})
	airsocket.AddEventListener(c.s, airsocket.EventClose, func(*airsocket.CloseEvent) { c.inHandler(&c.inClose) })
	return c
}

func (c *callScene) inHandler(act *string) {
	if do := *act; do != "" {
		*act = ""
		c.note("%s", returned(c.do(do)))
	}
}

// start begins a connection with a new peer, if there is none.
func (c *callScene) start(name, how string) error {
	st := c.s.ReadyState()
	client, resting := name == "StartServer", st == airsocket.StateInit || st == airsocket.StateClosed
	if !resting && client {
		return c.s.StartServer(new(line))
	}
	if !resting {
		return c.s.Connect("ws://example.com/again")
	}
	l := c.line(client, how == "")
	if how == "mute" {
		l.peer.begins.open()
		l.peer.reads.open()
	}
	c.part = false
	if client {
		return c.s.StartServer(l)
	}
	c.dial = func(context.Context) (net.Conn, error) { return l, nil }
	return c.s.Connect("ws://example.com/")
}

func (c *callScene) do(act string) error {
	name, how, _ := strings.Cut(act, "-")
	switch name {
	case "Connect", "StartServer":
		return c.start(name, how)
	case "SendPart":
		err := c.s.SendPart(wire.Text, []byte("x"), c.part)
		if err == nil {
			c.part = !c.part
		}
		return err
	case "InMessage":
		c.inMessage = how
	case "InClose":
		c.inClose = strings.Replace(how, "+", "-", 1)
	case "Pause":
		if c.s.Pause(); c.s.ReadyState() == airsocket.StateOpen {
			go c.last().send(wstest.OpPing, "") // it takes effect behind what is being read
		}
	case "PeerGoesOn":
		for _, p := range c.peers() {
			p.goOn()
		}
	case "PeerSends":
		c.sent++
		go c.last().send(wstest.OpText, fmt.Sprint(c.sent))
	case "PeerCloses":
		go c.last().close(1001, "away")
	case "PeerBreaksRule":
		go c.last().send(0x83, "")
	case "StreamEnds":
		c.last().out.Close()
	case "Sleep":
		time.Sleep(1001 * time.Millisecond) // one timeout, also if the last sleep has begun it
	default:
		return acts[name](c.scene)
	}
	return nil
}

// last returns the peer of the last connection.
func (c *callScene) last() *linePeer {
	peers := c.peers()
	return peers[len(peers)-1]
}

// end ends the last connection, and fails if anything is left.
func (c *callScene) end() {
	c.inMessage, c.inClose = "", ""
	if st := c.s.ReadyState(); st != airsocket.StateInit && st != airsocket.StateClosed {
		c.s.Drop(1000, "")
	}
	for _, p := range c.peers() {
		p.hangUp()
		p.goOn()
		p.closes.open()
	}
	c.opts.Dispatcher.Run(func() {}) // returns when nothing is left
	if st := c.s.ReadyState(); st != airsocket.StateInit && st != airsocket.StateClosed {
		c.t.Errorf("ReadyState is %d at the end", st)
	}
}

// FuzzCalls calls a Socket, and lets its peer act, in any order, also in its handlers:
// each call returns what the model of the states says, and the same events follow, with all
// rules.
func FuzzCalls(f *testing.F) {
	script := func(names string) (b []byte) {
		for name := range strings.FieldsSeq(names) {
			i := slices.Index(callActs, name)
			if i < 0 {
				f.Fatal(name)
			}
			b = append(b, byte(i))
		}
		return b
	}
	for _, how := range []string{"", "-late PeerGoesOn", "-mute", "-late"} {
		for _, start := range []string{"Connect", "StartServer"} {
			for _, end := range []string{"Close", "Drop", "PeerCloses", "PeerBreaksRule", "StreamEnds", "Sleep", "Pause PeerSends Resume Close0", "Pause PeerCloses Send Resume",
				"Close Drop", "Close StreamEnds", "Close Sleep", "PeerCloses Drop", "Pause Drop", "InMessage-Close PeerSends", "InMessage-Drop PeerSends", "InClose-Connect Close Close1001", "SendPart Send SendPart Send Close1006"} {
				f.Add(script("Send Close " + start + how + " Send PeerSends Ping " + end + " Send PeerGoesOn SetProtocol Connect StartServer Close1001 Sleep"))
			}
		}
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		for _, rules := range []airsocket.Rules{airsocket.RulesDefault, airsocket.RulesBrowser} {
			synctest.Test(t, func(t *testing.T) { runCalls(t, rules, script[:min(len(script), 40)]) })
		}
	})
}

func runCalls(t *testing.T, rules airsocket.Rules, script []byte) {
	c, m := newCallScene(t, rules), &callModel{state: airsocket.StateInit, browser: rules == airsocket.RulesBrowser}
	var done []string
	for _, b := range script {
		act := callActs[int(b)%len(callActs)]
		if !m.applies(act) {
			continue
		}
		done = append(done, act)
		err := c.do(act)
		synctest.Wait()
		c.mu.Lock()
		events := slices.Clone(c.events)
		c.mu.Unlock()
		wantErr := m.do(act)
		if !errors.Is(err, wantErr) || (err == nil) != (wantErr == nil) || c.s.ReadyState() != m.state || !slices.Equal(events, m.events) {
			t.Errorf("rules %d, %q:\nreturned %v, state %d, events %q\nwant     %v, state %d, events %q", rules, done, err, c.s.ReadyState(), events, wantErr, m.state, m.events)
			break
		}
	}
	c.end()
}
