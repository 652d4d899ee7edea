package interop

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// wasmExec returns the path of the script that runs Go programs in JavaScript.
func wasmExec(t testing.TB) string {
	t.Helper()
	root, err := exec.CommandContext(t.Context(), "go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")
}

// goForJS runs the go command for GOOS=js.
func goForJS(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", args, err, out)
	}
}

// buildWasm compiles testdata/peers/wasm.
func buildWasm(t testing.TB) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "peer.wasm")
	goForJS(t, "build", "-ldflags=-s -w", "-o", file, "./testdata/peers/wasm")
	return file
}

// A wasmTab is a Socket in a browser.
type wasmTab struct {
	browser
	files string // the URL of the program and of wasm_exec.js
}

func newWasmTab(t testing.TB) wasmTab {
	b := startBrowser(t)
	files := map[string]string{"/peer.wasm": buildWasm(t), "/wasm_exec.js": wasmExec(t)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		http.ServeFile(w, r, files[r.URL.Path])
	}))
	t.Cleanup(srv.Close)
	return wasmTab{b, srv.URL}
}

// start runs the program in a page of the server that it connects to.
func (w wasmTab) start(t testing.TB, role string, options map[string]any) *side {
	t.Helper()
	url := options["url"].(string)
	p := w.open(t, "http"+url[len("ws"):])
	them := newSide(t, "the program in the browser")
	p.listenTo(t, them)
	arg, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	p.Evaluate(`new Promise(async (resolve, reject) => {
		window.ready = resolve;
		const script = document.createElement("script");
		script.src = %[1]q + "/wasm_exec.js";
		script.onerror = reject;
		script.onload = async () => {
			const go = new Go();
			const {instance} = await WebAssembly.instantiateStreaming(fetch(%[1]q + "/peer.wasm"), go.importObject);
			go.run(instance);
		};
		document.head.append(script);
	})`, w.files)
	them.do = func(c command) {
		t.Helper()
		arg, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		p.Evaluate("obey(%q)", arg)
	}
	p.Evaluate("connect(%q)", arg)
	return them
}

// TestInteropWasmChromium runs a Socket in a browser, where it uses the browser's WebSocket.
func TestInteropWasmChromium(t *testing.T) {
	testWasm(t, peer{implementation: newWasmTab(t)})
}

// TestInteropWasmNode runs a Socket in Node.
func TestInteropWasmNode(t *testing.T) {
	program := node("wasm.js", "ws")
	program.look(t)
	testWasm(t, peer{implementation: program, options: map[string]any{"exec": wasmExec(t), "wasm": buildWasm(t)}})
}

func testWasm(t *testing.T, p peer) {
	p.role, p.version, p.picks = "client", wire.Hybi13, "b"
	p.noHeader, p.noPing, p.quietPing, p.noRefusal = true, true, true, true
	t.Run("plain", p.test)

	t.Run("compressed", func(t *testing.T) {
		us, them := p.connect(t, &setup{ours: airsocket.Options{Compression: airsocket.CompressionTakeover}})
		open, theirs := us.want("open"), them.want("open")
		if !strings.HasPrefix(theirs.Extensions, "permessage-deflate") || theirs.Extensions != open.Extensions {
			t.Errorf("the extensions are %q and %q", open.Extensions, theirs.Extensions)
		}
		p.exchangeMessages(t, us, them)
	})

	t.Run("close codes", func(t *testing.T) {
		for _, code := range []int{0, 1001, 4999} {
			us, them := p.connect(t, &setup{})
			us.want("open")
			them.want("open")
			want, reason := code, "over"
			if code == 0 {
				want, reason = 1005, ""
			}
			us.do(sendClose(code, reason))
			if r := them.want("close"); r.Code != want || r.Reason != reason {
				t.Errorf("%s reports %v, want %d", them.name, r, want)
			}
		}
		for _, code := range []int{0, 1000, 3000} {
			us, them := p.connect(t, &setup{})
			us.want("open")
			them.want("open")
			want, reason := code, "over"
			if code == 0 {
				want, reason = 1005, ""
			}
			them.do(sendClose(code, reason))
			if r := us.want("close"); r.Code != want || r.Reason != reason || !r.clean {
				t.Errorf("our side reports %v, want %d", r, want)
			}
			if r := them.want("close"); r.Code != want || r.Reason != reason {
				t.Errorf("%s reports %v, want %d", them.name, r, want)
			}
		}
	})

	t.Run("lost", func(t *testing.T) {
		us, them := p.connect(t, &setup{})
		us.want("open")
		them.want("open")
		us.do(sendText("last"))
		them.wantData("text", "last")
		us.socket.Conn().Close()
		them.want("error")
		if r := them.want("close"); r.Code != 1006 {
			t.Errorf("%s reports %v, want 1006", them.name, r)
		}
	})

	t.Run("refused", func(t *testing.T) {
		_, them := p.connect(t, &setup{serve: func(srv *airsocket.Server) {
			srv.OnRequest(func(r *airsocket.Request) { r.Reject(http.StatusForbidden, "not you") })
		}})
		if r := them.want("error"); !strings.Contains(r.Message, airsocket.ErrBrowser.Error()) {
			t.Errorf("%s reports %v", them.name, r)
		}
		if r := them.want("close"); r.Code != 1006 {
			t.Errorf("%s reports %v, want 1006", them.name, r)
		}
	})

	t.Run("long message", func(t *testing.T) {
		const n = 16 << 20 // the longest that both sides accept
		us, them := p.connect(t, &setup{})
		us.want("open")
		them.want("open")
		received := make(chan int, 1)
		us.socket.OnMessage(func(e *airsocket.MessageEvent) {
			received <- len(e.Bytes())
			us.socket.SendBytes(e.Bytes())
		})
		them.do(command{Do: "zeros", Data: n})
		if got := within(t, received); got != n {
			t.Errorf("our side receives %d bytes", got)
		}
		them.wantData("binary", "16777216")
		us.socket.Send("still open")
		them.wantData("text", "still open")
	})

	t.Run("reconnect", func(t *testing.T) {
		us, them := p.connect(t, &setup{theirs: map[string]any{"reconnect": true}})
		for range 3 {
			us.want("open")
			them.want("open")
			us.do(sendText("hello"))
			them.wantData("text", "hello")
			us.do(sendClose(1012, ""))
			us.want("close")
			if r := them.want("close"); r.Code != 1012 {
				t.Errorf("%s reports %v, want 1012", them.name, r)
			}
		}
		us.want("open")
		them.want("open")
		them.do(sendClose(1000, ""))
		us.want("close")
		them.want("close")
	})
}

// TestInteropExampleBrowser uses the page of the example as a person would.
func TestInteropExampleBrowser(t *testing.T) {
	b := startBrowser(t)
	const example = "github.com/airsocket/airsocket/examples/browser"
	command := filepath.Join(t.TempDir(), "browser")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", command, example).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	listening := make(chan string, 1)
	cmd := exec.CommandContext(t.Context(), command, "-addr", "127.0.0.1:0")
	wstest.RunChild(t, cmd, cmd.StdoutPipe, func(lines *bufio.Scanner) {
		if lines.Scan() {
			listening <- strings.TrimPrefix(lines.Text(), "listening on ")
		}
		close(listening)
	})
	addr := within(t, listening)
	res, err := http.Get("http://" + addr + "/client.wasm") // which is compiled now, without a limit of time
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	p := b.open(t, "http://"+addr+"/")
	shows := func(line string) {
		t.Helper()
		p.Until(fmt.Sprintf(`document.querySelector("#log li:last-child")?.textContent === %q`, line))
	}
	p.Until(`!document.querySelector("#close").disabled`)
	p.Click("#connect")
	shows("open ws://" + addr + "/")
	p.Click("#text")
	shows("received hello")
	p.Click("#binary")
	shows("received 68 65 6c 6c 6f")
	p.Click("#connect")
	shows("airsocket: Connect: the socket is open: wait for its close event, or make another one with NewSocket")
	p.capture("wasm.png")
	p.Click("#close")
	shows("close 1000 ")
}
