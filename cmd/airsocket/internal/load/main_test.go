package load_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
	"github.com/airsocket/airsocket/internal/report"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// A peer is a server's side of a connection, without the library.
type peer struct {
	net.Conn
	r *bufio.Reader
}

// read returns the payload of the next message of up to 64 KiB, or nil after it has answered a close or
// when the connection has ended.
func (p *peer) read() []byte {
	var head [2]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return nil
	}
	length := int(head[1] & 0x7f)
	if length == 126 {
		var b [2]byte
		io.ReadFull(p.r, b[:])
		length = int(binary.BigEndian.Uint16(b[:]))
	}
	rest := make([]byte, 4+length) // the mask and the payload
	if _, err := io.ReadFull(p.r, rest); err != nil {
		return nil
	}
	mask, payload := rest[:4], rest[4:]
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	if head[0]&0xf == 8 {
		p.write(8, payload)
		return nil
	}
	return payload
}

// write writes a frame. The opcode is 1 for text, 2 for binary and 8 for a close.
func (p *peer) write(opcode byte, payload []byte) {
	frame := []byte{0x80 | opcode}
	if n := len(payload); n < 126 {
		frame = append(frame, byte(n))
	} else {
		frame = binary.BigEndian.AppendUint16(append(frame, 126), uint16(n))
	}
	p.Write(append(frame, payload...))
}

// dial returns a function that connects to a server in memory, which calls serve with each
// connection after the opening handshake.
func dial(serve func(*peer)) func() (net.Conn, error) {
	return func() (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			clitest.AcceptRaw(server)
			serve(&peer{server, bufio.NewReader(server)})
		}()
		return client, nil
	}
}

// echo answers each message with itself, after calling before with its number.
func echo(before func(k int)) func(*peer) {
	return func(p *peer) {
		for k := 0; ; k++ {
			m := p.read()
			if m == nil {
				return
			}
			if before != nil {
				before(k)
			}
			p.write(1, m)
		}
	}
}

// after returns what makes echo answer so much later.
func after(d time.Duration) func(int) {
	return func(int) { time.Sleep(d) } // of the bubble
}

// A result is the outcome of a test of a server in memory.
type result struct {
	*report.Report
	code   int
	stderr string
}

// inBubble runs load in a bubble of synctest, where a server in memory takes exactly the
// time that it sleeps, and hands the outcome to check.
func inBubble(t *testing.T, ctx func(*testing.T) context.Context, connect func() (net.Conn, error), terminal bool, args []string, check func(result)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var stderr clitest.Output
		c := t.Context()
		if ctx != nil {
			c = ctx(t)
		}
		rep, code, err := load.Run(c, connect, &stderr, terminal, args...)
		if err != nil {
			t.Error(err)
			return
		}
		check(result{rep, code, stderr.String()})
	})
}

// number returns a metric of the report, or fails the test if there is none.
func (r result) number(t *testing.T, group, metric string) float64 {
	t.Helper()
	for _, g := range r.Groups {
		for _, m := range g.Metrics {
			if g.Key == group && m.Key == metric {
				return m.Value
			}
		}
	}
	t.Errorf("the report has no %s of %s: %+v", metric, group, r.Groups)
	return 0
}

// want checks metrics of the report that have an exact value.
func (r result) want(t *testing.T, group string, want map[string]float64) {
	t.Helper()
	for metric, v := range want {
		if got := r.number(t, group, metric); got != v {
			t.Errorf("%s of %s is %v, want %v", metric, group, got, v)
		}
	}
}

// wantAbout checks times of the report, which are rounded down to a bucket.
func (r result) wantAbout(t *testing.T, group string, want map[string]float64) {
	t.Helper()
	for metric, v := range want {
		if got := r.number(t, group, metric); got > v*1.000001 || got < v*0.984 {
			t.Errorf("%s of %s is %v, want %v", metric, group, got, v)
		}
	}
}
