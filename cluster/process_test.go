package cluster_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// asNode is the environment variable that makes the test's program a node, of the cluster
// at the URL that it contains.
const asNode = "AIRSOCKET_CLUSTER_NODE"

func TestMain(m *testing.M) {
	if url := os.Getenv(asNode); url != "" {
		if err := runNode(url); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// runNode runs a node until its standard input ends. It prints its URL, and "lost" and
// "got" when that happens to its connection to NATS.
func runNode(natsURL string) error {
	n, err := newNode(natsURL)
	if err != nil {
		return err
	}
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	go func() {
		<-n.connected
		fmt.Printf("ws://%s/\n", l.Addr())
		for {
			select {
			case <-n.lost:
				fmt.Println("lost")
			case <-n.got:
				fmt.Println("got")
			case <-n.failed:
			}
		}
	}()
	return n.Serve(l)
}

// A process is a node in a process of its own, with a client that publishes and one that
// has subscribed.
type process struct {
	t         *testing.T
	name      string
	cmd       *exec.Cmd
	lines     chan string // that it has printed
	publisher *wstest.RawPeer
	sent      int

	received chan string
	last     map[string]int // number of the last message received, by publisher
}

func startProcess(t *testing.T, name, natsURL string) *process {
	t.Helper()
	p := &process{t: t, name: name, lines: make(chan string, 100), received: make(chan string, 20_000), last: make(map[string]int)}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), asNode+"="+natsURL)
	p.cmd.Stderr = os.Stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); p.cmd.Wait() })
	go func() {
		for s := bufio.NewScanner(stdout); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
	}()

	url := next(t, p.lines)
	p.publisher = wstest.ConnectRaw(t, url)
	p.publisher.SetDeadline(time.Time{})
	subscriber := wstest.ConnectRaw(t, url)
	subscriber.SetDeadline(time.Time{})
	subscriber.Send(wstest.OpText, "+all")
	subscriber.Want(wstest.OpText, "+all")
	go func() {
		for {
			_, payload, err := subscriber.ReadFrame()
			if err != nil {
				close(p.received)
				return
			}
			p.received <- payload
		}
	}()
	return p
}

func (p *process) wantLine(want string) {
	p.t.Helper()
	if line := next(p.t, p.lines); line != want {
		p.t.Fatalf("node %s has printed %q, want %q", p.name, line, want)
	}
}

// publish publishes messages that are numbered.
func (p *process) publish(count int) {
	p.t.Helper()
	for range count {
		p.sent++
		p.publisher.Send(wstest.OpText, fmt.Sprintf("all:%s %d", p.name, p.sent))
	}
}

// flush returns when NATS has got what was published.
func (p *process) flush() {
	p.t.Helper()
	p.publisher.Send(wstest.OpText, "-none")
	p.publisher.Want(wstest.OpText, "-none")
}

// forget begins to count after what a publisher has sent so far.
func (p *process) forget(publishers ...*process) {
	for _, from := range publishers {
		p.last[from.name] = from.sent
	}
}

// receive reads what has come, up to the last message of each publisher. If all is false
// messages may be missing, but none may come twice or out of order.
func (p *process) receive(all bool, publishers ...*process) {
	p.t.Helper()
	for _, from := range publishers {
		for p.last[from.name] < from.sent {
			msg := next(p.t, p.received)
			name, number, _ := strings.Cut(msg, " ")
			n, err := strconv.Atoi(number)
			if last := p.last[name]; err != nil || n <= last || all && n != last+1 {
				p.t.Fatalf("at node %s %q comes after number %d", p.name, msg, last)
			}
			p.last[name] = n
		}
	}
}

// A broker is a NATS server that can be stopped and started again.
type broker interface {
	url() string
	stop()
	start()
}

// testProcesses publishes 10,000 messages on three nodes. One of them is killed, and the
// NATS server is stopped and started, while messages are under way.
func testProcesses(t *testing.T, nats broker) {
	a, b, c := startProcess(t, "a", nats.url()), startProcess(t, "b", nats.url()), startProcess(t, "c", nats.url())

	for range 10 { // in turn, and nobody waits for anybody
		for _, p := range []*process{a, b, c} {
			p.publish(200)
		}
	}
	for _, p := range []*process{a, b, c} {
		p.receive(true, a, b, c)
	}

	a.publish(250)
	c.cmd.Process.Kill()
	a.publish(250)
	b.publish(500)
	for _, p := range []*process{a, b} {
		p.receive(true, a, b)
	}

	a.publish(250)
	nats.stop()
	a.publish(250)
	a.wantLine("lost")
	b.wantLine("lost")
	a.publish(500)
	a.receive(true, a) // its own subscribers have got everything
	nats.start()
	a.wantLine("got")
	b.wantLine("got")
	a.flush()
	b.flush()
	a.publish(1)
	b.receive(false, a) // what was published meanwhile may be missing
	a.receive(true, a)

	d := startProcess(t, "d", nats.url())
	d.forget(a, b)
	for _, p := range []*process{a, b, d} {
		p.publish(333)
	}
	a.publish(1000)
	for _, p := range []*process{a, b, d} {
		p.receive(true, a, b, d)
	}
	if sum := a.sent + b.sent + c.sent + d.sent; sum < 10_000 {
		t.Errorf("only %d messages were published", sum)
	}
	for _, p := range []*process{a, b, d} {
		if len(p.received) > 0 {
			t.Errorf("at node %s %q has come after everything else", p.name, <-p.received)
		}
	}
}
