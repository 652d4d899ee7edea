package cluster_test

import (
	"bufio"
	"os/exec"
	"regexp"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/airsocket/airsocket/cluster/internal/natsserver"
	"github.com/airsocket/airsocket/internal/test/wstest"
)

// TestProcesses uses the NATS server that programs can embed.
func TestProcesses(t *testing.T) {
	s := startNATS(t, 0)
	testProcesses(t, &embedded{t, s, natsserver.Port(s)})
}

type embedded struct {
	t *testing.T
	*server.Server
	port int
}

func (b *embedded) url() string { return b.ClientURL() }
func (b *embedded) stop()       { stopNATS(b.Server) }
func (b *embedded) start()      { b.Server = startNATS(b.t, b.port) }

// TestInteropNATSServer uses the program nats-server, for example of Debian.
func TestInteropNATSServer(t *testing.T) {
	p := &program{t: t, path: wstest.Find(t, "nats-server"), port: "-1"}
	p.start()
	testProcesses(t, p)
}

// A program is a nats-server process.
type program struct {
	t    *testing.T
	path string
	port string // "-1" for any
	cmd  *exec.Cmd
}

func (p *program) url() string { return "nats://127.0.0.1:" + p.port }

func (p *program) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *program) start() {
	p.t.Helper()
	p.cmd = exec.CommandContext(p.t.Context(), p.path, "-a", "127.0.0.1", "-p", p.port)
	stderr, err := p.cmd.StderrPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := p.cmd
	p.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	listening := regexp.MustCompile(`Listening for client connections on 127\.0\.0\.1:(\d+)`)
	lines := make(chan string, 1)
	go func() {
		for s := bufio.NewScanner(stderr); s.Scan(); {
			if m := listening.FindStringSubmatch(s.Text()); m != nil {
				lines <- m[1]
			}
		}
		close(lines)
	}()
	p.port = next(p.t, lines)
}
