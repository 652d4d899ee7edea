package connect

import (
	"strconv"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
)

// pongTimeout is how long after a ping of -ping-interval something must be received.
const pongTimeout = 10 * time.Second

// maxPings is how many pings without a pong are remembered.
const maxPings = 1024

// pings measures how long pongs take, and sends the pings of -ping-interval.
type pings struct {
	sent  []sentPing // those without a pong, the oldest first
	timer *airsocket.Timer
	count int // of the pings of -ping-interval
}

type sentPing struct {
	payload string
	at      time.Time
	own     bool // sent because of -ping-interval
}

// startPinging sends pings until stop is called.
func (c *client) startPinging() {
	if c.config.pingInterval > 0 {
		c.pings.timer = c.disp.SetInterval(c.ping, c.config.pingInterval)
	}
}

func (p *pings) stop() {
	if p.timer != nil {
		p.timer.Clear()
	}
	p.timer, p.sent = nil, nil
}

func (c *client) ping() {
	if c.socket.BufferedAmount() == 0 {
		c.draining = false // everything before the ping was written
	}
	c.pings.count++
	payload := strconv.Itoa(c.pings.count)
	if c.socket.Ping([]byte(payload)) != nil {
		return // the connection is closing, or there is no room
	}
	c.tell(journal.Event{Kind: "ping", Out: true, Data: []byte(payload)})
	c.pings.sent[len(c.pings.sent)-1].own = true
}

// add notes that a ping was sent.
func (p *pings) add(payload []byte) {
	if len(p.sent) == maxPings {
		p.sent = p.sent[1:]
	}
	p.sent = append(p.sent, sentPing{payload: string(payload), at: time.Now()})
}

// answered returns how long ago the ping was sent that a pong answers, or zero. Earlier
// pings are forgotten, because a peer may answer only the last one (RFC 6455, section
// 5.5.3).
func (p *pings) answered(payload []byte) (rtt time.Duration, own bool) {
	for i := range p.sent {
		if ping := p.sent[i]; ping.payload == string(payload) {
			p.sent = p.sent[i+1:]
			return max(time.Since(ping.at), 1), ping.own
		}
	}
	return 0, false
}
