package connect_test

import (
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// viaProxy checks that a message goes through the proxy and comes back.
func viaProxy(t *testing.T, proxy string) {
	t.Helper()
	r := connectWith(t, "", clitest.StartServe(t, "--quiet").URL(), "-x hello -n 1 -proxy "+proxy)
	if r.Want(t, exit.OK, ""); r.Stdout != "hello\n" {
		t.Errorf("-proxy %s: stdout is %q", proxy, r.Stdout)
	}
}

func TestInteropTinyproxy(t *testing.T) {
	address := clitest.StartOnPort(t, clitest.Program(t, "tinyproxy"), func(port string) []string {
		return []string{"-d", "-c", write(t, "Listen 127.0.0.1\nTimeout 60\nMaxClients 20\nBasicAuth user password\nPort "+port+"\n")}
	})
	viaProxy(t, "http://user:password@"+address)
	r := connectWith(t, "", "ws://127.0.0.1:1/", "-x a -proxy user:wrong@"+address)
	if r.Want(t, exit.Refused, "error"); strings.Contains(r.Stderr, "wrong") {
		t.Errorf("the password is printed: %s", r.Stderr)
	}
}

func TestInteropMicrosocks(t *testing.T) {
	address := clitest.StartOnPort(t, clitest.Program(t, "microsocks"), func(port string) []string {
		return []string{"-i", "127.0.0.1", "-p", port, "-u", "user", "-P", "password"}
	})
	viaProxy(t, "socks5://user:password@"+address)
	connectWith(t, "", "ws://127.0.0.1:1/", "-x a -proxy socks5://"+address).Want(t, exit.Refused, "error")
}

// A server in Python gets the messages of each form of input, and its own are printed.
func TestInteropPython(t *testing.T) {
	const server = `
import asyncio, sys, websockets
async def handle(ws, *path):
    async for m in ws:
        await ws.send(m[::-1])
async def main():
    async with websockets.serve(handle, "127.0.0.1", int(sys.argv[1])):
        await asyncio.Future()
asyncio.run(main())
`
	address := clitest.StartOnPort(t, clitest.Program(t, "python3", "-c", "import websockets"), func(port string) []string { return []string{"-c", server, port} })
	for _, test := range []struct{ flags, in, want string }{
		{"-n 2", "ab\ncd\n", "ba\ndc\n"},
		{"-n 2 -0", "a\nb\x00cd\x00", "b\na\x00dc\x00"},
		{"-n 1 -whole", "ab\ncd\n", "\ndc\nba\n"},
		{"-n 1 -binary -whole -raw", "\x00\xff\n", "\n\xff\x00"},
		{"-n 1 -json-in", `{"type":"message","binary":true,"data":"/wA="}`, "0x00ff\n"},
		{"-ping-interval 1ms -x ab -i -n 2", "cd", "ba\ndc\n"},
	} {
		r := connectWith(t, test.in, "ws://"+address, test.flags)
		if r.Want(t, exit.OK, ""); r.Stdout != test.want {
			t.Errorf("%s: stdout is %q, want %q", test.flags, r.Stdout, test.want)
		}
	}
}
