package replay_test

import (
	"bufio"
	"context"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

// A foreign is a peer without the library.
type foreign struct {
	server func(t *testing.T, before string) *exec.Cmd
}

var foreigners = map[string]foreign{
	"python": {func(t *testing.T, before string) *exec.Cmd {
		return exec.Command(clitest.Program(t, "python3", "-c", "import websockets"), "testdata/server.py", before)
	}},
	"ws": {func(t *testing.T, before string) *exec.Cmd {
		folder := clitest.Peers(t, "ws")
		return exec.Command(clitest.Program(t, "node", "-e", "require('"+folder+"')"), "testdata/server.js", folder, before)
	}},
}

var listening = regexp.MustCompile(`listening on (\S+)\n`)

// A background is a run of a command that listens.
type background struct {
	url    string
	result chan clitest.Result
}

// listen runs a command until it has printed where it listens.
func listen(t *testing.T, args ...string) *background {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	r, w := io.Pipe()
	b := &background{result: make(chan clitest.Result, 1)}
	var out clitest.Output
	go func() {
		code := program.Program.Run(ctx, args, &command.Std{Out: &out, Err: w})
		w.Close()
		b.result <- clitest.Result{Code: code, Stdout: out.String()}
	}()
	lines := bufio.NewReader(r)
	line, err := lines.ReadString('\n')
	if m := listening.FindStringSubmatch(line); m != nil {
		b.url = m[1]
	} else {
		t.Fatalf("%q: %v", line, err)
	}
	go io.Copy(io.Discard, lines)
	return b
}

// What was recorded with a foreign server is the same when it is replayed to it, and differs
// where the server has changed.
func TestInteropServer(t *testing.T) {
	t.Parallel()
	for name, peer := range foreigners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "ws://" + clitest.StartForeign(t, peer.server(t, "echo: "))
			changed := "ws://" + clitest.StartForeign(t, peer.server(t, "Echo: "))
			file := filepath.Join(t.TempDir(), "session.jsonl")
			clitest.Execute(t, nil, "connect", "-subprotocol", "a,b", "-record", file, url, "-x", "one", "-x", "two", "-x", "bye", "-wait", "-1").Want(t, exit.OK, "close 4000")
			r := clitest.Execute(t, nil, "replay", file, url)
			if r.Want(t, exit.OK, ""); r.Stdout != "the same: 3 done, 4 received\n" {
				t.Errorf("replay prints %s", r.Stdout)
			}
			r = clitest.Execute(t, nil, "replay", "-speed", "max", file, changed)
			r.Want(t, exit.Check, "")
			for _, say := range []string{"differs\n  expected text \"echo: one\"\n  got      text \"Echo: one\"\n", "expected text \"echo: two\"", "different in 2 places"} {
				if !strings.Contains(r.Stdout, say) {
					t.Errorf("replay does not print %q, but %s", say, r.Stdout)
				}
			}
			clitest.Execute(t, nil, "replay", "-speed", "max", "-ignore", "[Ee]cho", file, changed).Want(t, exit.OK, "")
		})
	}
}

// A foreign client and a foreign server are recorded through the proxy. The recording is
// then the server for the client, and the client for the server.
func TestInteropProxy(t *testing.T) {
	t.Parallel()
	python := clitest.Program(t, "python3", "-c", "import websockets")
	client := func(args ...string) string {
		out, err := exec.CommandContext(t.Context(), python, append([]string{"testdata/client.py"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("the client: %v\n%s", err, out)
		}
		return string(out)
	}
	for name, peer := range foreigners {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "ws://" + clitest.StartForeign(t, peer.server(t, "echo: "))
			file := filepath.Join(t.TempDir(), "session.jsonl")
			proxy := listen(t, "record", "-listen", "127.0.0.1:0", "-n", "1", "-o", file, url)
			const want = "subprotocol b\necho: one\necho: żółć\nb'0x00'\nclosed 4000 as you like\n"
			if got := client(proxy.url, "one", "żółć", "0x00"); got != want {
				t.Errorf("through the proxy the client gets\n%s", got)
			}
			(<-proxy.result).Want(t, exit.OK, "")

			r := clitest.Execute(t, nil, "replay", "-speed", "max", file, url)
			if r.Want(t, exit.OK, ""); r.Stdout != "the same: 5 done, 6 received\n" {
				t.Errorf("to the server, replay prints %s", r.Stdout)
			}

			server := listen(t, "replay", "-speed", "max", "-listen", "127.0.0.1:0", file)
			if got := client(server.url, "one", "żółć", "0x00"); got != want {
				t.Errorf("from the recording, the client gets\n%s", got)
			}
			if r := <-server.result; r.Code != exit.OK || !strings.HasPrefix(r.Stdout, "the same: 4 done, 6 received") {
				t.Errorf("as the server, replay prints %+v", r)
			}

			server = listen(t, "replay", "-speed", "max", "-listen", "127.0.0.1:0", file)
			client(server.url, "one", "two", "0x00")
			if r := <-server.result; r.Code != exit.Check || !strings.Contains(r.Stdout, "expected text \"żółć\"\n  got      text \"two\"\n") {
				t.Errorf("to another client, replay prints %+v", r)
			}
		})
	}
}
