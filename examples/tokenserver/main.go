// Tokenserver is a server that accepts only clients with a token, and closes a connection
// when its token expires. It also issues the tokens; a real one would ask who wants them.
package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("tokenserver", flag.ContinueOnError)
	addr := flags.String("addr", "127.0.0.1:1339", "address to listen on")
	life := flags.Duration("life", 5*time.Second, "how long a token is valid")
	if err := flags.Parse(args); err != nil {
		return err
	}

	key := issuer(rand.Text())
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, key.issue(time.Now().Add(*life)))
	})
	srv := &airsocket.Server{Handler: mux, MaxConns: 1000}
	srv.OnRequest(func(r *airsocket.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		until, ok := key.expiry(token)
		if !ok || time.Now().After(until) {
			r.ResponseHeader = http.Header{"Www-Authenticate": {"Bearer"}}
			r.Reject(http.StatusUnauthorized, "the token is not valid any more")
			return
		}
		s, err := r.Accept("")
		if err != nil {
			return
		}
		s.OnOpen(func(*airsocket.OpenEvent) {
			s.Send("welcome until " + until.UTC().Format(time.TimeOnly))
			expired := airsocket.SetTimeout(func() {
				s.Close(airsocket.StatusPolicyViolation, "the token has expired")
			}, time.Until(until))
			s.OnClose(func(*airsocket.CloseEvent) { expired.Clear() })
		})
	})

	l, err := airsocket.Listen(*addr)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "listening on", l.Addr())
	return srv.Serve(l)
}

// An issuer is the key with which tokens are signed.
type issuer string

// issue returns a token that says until when it is valid.
func (key issuer) issue(until time.Time) string {
	text := strconv.FormatInt(until.UnixNano(), 10)
	return text + "." + key.sign(text)
}

// expiry returns until when a token is valid, if it was issued with this key.
func (key issuer) expiry(token string) (until time.Time, ok bool) {
	text, signature, _ := strings.Cut(token, ".")
	n, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(0, n), err == nil && hmac.Equal([]byte(signature), []byte(key.sign(text)))
}

func (key issuer) sign(text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
