// Metrics is an echo server that shows, at /metrics, what happens to its sockets as metrics
// for Prometheus.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"

	"github.com/airsocket/airsocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("metrics", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:8080", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	srv := &airsocket.Server{
		Options: &airsocket.Options{Compression: airsocket.CompressionNoTakeover},
		Handler: mux, // on the same port here; others should not reach it
	}
	newMetrics(registry, srv)
	srv.OnRequest(func(r *airsocket.Request) {
		if r.URL().Path != "/echo" {
			r.Reject(http.StatusNotFound, "there is only /echo")
			return
		}
		r.Accept("")
	})
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			if e.Binary() {
				s.SendBytes(e.Bytes())
			} else {
				s.Send(e.Text())
			}
		})
	})
	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return srv.Serve(l)
}
