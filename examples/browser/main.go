//go:build !js

// Browser serves a page whose program is in Go (main_js.go): a client with the API of this
// package on the browser's WebSocket. It compiles that program to WebAssembly when a page first
// needs it, and is the echo server that the page connects to.
package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/airsocket/airsocket"
)

//go:embed page.html
var page []byte

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("browser", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:1339", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	program := sync.OnceValues(compile)
	root, err := goCommand("env", "GOROOT")
	if err != nil {
		return err
	}
	loader := filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) { w.Write(page) })
	mux.HandleFunc("GET /wasm_exec.js", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, loader) })
	mux.HandleFunc("GET /client.wasm", func(w http.ResponseWriter, r *http.Request) {
		wasm, err := program()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/wasm")
		w.Header().Set("Content-Encoding", "gzip")
		w.Write(wasm)
	})
	server := airsocket.Server{Handler: mux}
	server.OnConnect(func(ws *airsocket.Socket) {
		ws.OnMessage(func(e *airsocket.MessageEvent) { ws.SendMessage(e.Kind(), e.Bytes()) })
	})
	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return server.Serve(l)
}

// compile returns the program of the page, compressed: this is a quarter of its length.
func compile() ([]byte, error) {
	dir, err := os.MkdirTemp("", "browser")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "client.wasm")
	if _, err := goCommand("build", "-ldflags=-s -w", "-o", file, "github.com/airsocket/airsocket/examples/browser"); err != nil {
		return nil, err
	}
	wasm, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(wasm)
	err = z.Close()
	return b.Bytes(), err
}

// goCommand runs the go command for GOOS=js.
func goCommand(args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	cmd.Stderr = os.Stderr
	return cmd.Output()
}
