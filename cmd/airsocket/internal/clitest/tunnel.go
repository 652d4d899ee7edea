package clitest

import (
	"io"
	"net"
	"net/http"
	"testing"
)

// Tunnel returns what an HTTP proxy does that connects all its clients to one address. It
// sends what each has asked for to asked, unless that is nil: the method, the host and the
// field Proxy-Authorization.
func Tunnel(t testing.TB, to string, asked chan<- string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked != nil {
			asked <- r.Method + " " + r.Host + " " + r.Header.Get("Proxy-Authorization")
		}
		there, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer there.Close()
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer here.Close()
		io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go io.Copy(there, here)
		io.Copy(here, there)
	})
}
