//go:build unix

package process_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// websocketd starts websocketd with a script until the end of the test, and returns its URL.
func websocketd(t *testing.T, text string) (url string) {
	t.Helper()
	return "ws://" + clitest.StartOnPort(t, clitest.Program(t, "websocketd"), func(port string) []string {
		return []string{"--address=127.0.0.1", "--port=" + port, shell, "-c", text, "script"}
	}) + "/"
}

// TestInteropWebsocketd runs the programs of TestWebsocketdHabits with websocketd, to see that
// these are its habits.
func TestInteropWebsocketd(t *testing.T) {
	t.Parallel()
	need(t, shell)
	for _, test := range habits {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			// It ends the connection without a close frame.
			if got, _ := converse(t, websocketd(t, test.script), test.send...); slices.Equal(got, test.want) == test.not {
				t.Errorf("got %q", got)
			}
		})
	}
}

// TestInteropVariables checks that a program gets the variables that it gets of websocketd.
func TestInteropVariables(t *testing.T) {
	t.Parallel()
	const print = `env; exit 0`
	own, _ := converse(t, clitest.StartServe(t, script(t, print)...).URL()+"a%20b?c=%20d")
	others, _ := converse(t, websocketd(t, print)+"a%20b?c=%20d")
	if len(others) < 20 {
		t.Errorf("websocketd passes %q on", others)
	}
	for _, variable := range others {
		name, value, _ := strings.Cut(variable, "=")
		i := slices.IndexFunc(own, func(v string) bool { return strings.HasPrefix(v, name+"=") })
		switch {
		case i < 0:
			t.Errorf("%s is missing", name)
		case slices.Contains([]string{"GATEWAY_INTERFACE", "SERVER_SOFTWARE", "SERVER_PORT", "REMOTE_PORT", "UNIQUE_ID", "HTTP_SEC_WEBSOCKET_KEY", "_"}, name):
		case own[i] != variable:
			t.Errorf("%s, want %s", own[i], value)
		}
	}
}

// clients are foreign clients that send their arguments as texts to a URL, print what comes,
// and then with which code the server has closed.
var clients = map[string]func(t *testing.T, url string, texts ...string) *exec.Cmd{
	"python": func(t *testing.T, url string, texts ...string) *exec.Cmd {
		const client = `
import asyncio, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], ping_interval=None) as ws:
        for text in sys.argv[2:]:
            await ws.send(text)
        try:
            while True:
                print(await ws.recv())
        except websockets.ConnectionClosed:
            pass
        print("closed", ws.close_code, ws.close_reason)
asyncio.run(main())
`
		python := clitest.Program(t, "python3", "-c", "import websockets")
		return exec.CommandContext(t.Context(), python, append([]string{"-c", client, url}, texts...)...)
	},
	"ws": func(t *testing.T, url string, texts ...string) *exec.Cmd {
		const client = `
const [folder, url, ...texts] = process.argv.slice(1);
const ws = new (require(folder))(url);
ws.on("open", () => texts.forEach((text) => ws.send(text)));
ws.on("message", (data, binary) => console.log(binary ? "binary" : data.toString()));
ws.on("close", (code, reason) => console.log("closed", code, reason.toString()));
`
		folder := clitest.Peers(t, "ws")
		node := clitest.Program(t, "node", "-e", "require('"+folder+"')")
		return exec.CommandContext(t.Context(), node, append([]string{"-e", client, folder, url}, texts...)...)
	},
}

// TestInteropExec checks that clients without the library get what a program writes, and how it
// has ended.
func TestInteropExec(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, script(t, `while read A; do case "$A" in bye) exit;; fail) exit 3;; esac; echo "got $A"; done`)...)
	long := strings.Repeat("żółć", 10_000)
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, test := range []struct {
				texts []string
				want  string
			}{
				{[]string{"one", "żółć 😀", "", "two\nlines", long, "bye"}, "got one\ngot żółć 😀\ngot \ngot two\ngot lines\ngot " + long + "\nclosed 1000 \n"},
				{[]string{"one", "fail"}, "got one\nclosed 1011 the program has failed: exit status 3\n"},
			} {
				cmd := client(t, s.URL(), test.texts...)
				var errs strings.Builder
				cmd.Stderr = &errs
				out, _ := cmd.Output()
				if got := string(out); got != test.want {
					t.Errorf("%.300q, want %.300q; stderr: %s", got, test.want, &errs)
				}
			}
		})
	}
}
