// Tokenclient is a client of a server that wants a token which is soon too old. It fetches a
// new one before each attempt to connect, so it goes on when a token has expired. It ends when
// there are no more tokens for it, or when the server says that all is done.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/airsocket/airsocket"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("tokenclient", flag.ContinueOnError)
	url := flags.String("url", "ws://127.0.0.1:1339/", "URL to connect to")
	tokens := flags.String("tokens", "http://127.0.0.1:1339/token", "URL that answers with a new token")
	token := flags.String("token", "", "token for the first attempt, perhaps of last time")
	wait := flags.Duration("wait", time.Second, "longest wait before the next attempt, doubled with each")
	if err := flags.Parse(args); err != nil {
		return err
	}

	airsocket.Run(func() {
		s := airsocket.NewSocket(&airsocket.Options{
			Header: bearer(*token),
			Reconnect: &airsocket.Reconnect{
				Min: *wait,
				Renew: func(ctx context.Context, _ *airsocket.Socket) (string, http.Header, error) {
					token, err := fetch(ctx, *tokens)
					return "", bearer(token), err
				},
			},
		})
		s.OnOpen(func(*airsocket.OpenEvent) { fmt.Fprintln(stdout, "open") })
		s.OnMessage(func(e *airsocket.MessageEvent) { fmt.Fprintln(stdout, "received:", e.Text()) })
		s.OnError(func(e *airsocket.ErrorEvent) { fmt.Fprintln(stdout, "error:", e.Err) })
		s.OnClose(func(e *airsocket.CloseEvent) {
			fmt.Fprintf(stdout, "closed: %d %s; connects again: %v\n", e.Code, e.Reason, e.WillReconnect)
		})
		err = s.Connect(*url)
	})
	return err
}

func bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}}
}

// fetch returns a new token. When ctx is done it is too late for this attempt.
func fetch(ctx context.Context, url string) (token string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err // the next attempt follows, after a longer wait
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusForbidden:
		return "", fmt.Errorf("%w: logged out", airsocket.ErrAborted) // and no attempt follows
	case res.StatusCode != http.StatusOK:
		return "", fmt.Errorf("no token: %s", res.Status)
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	return string(b), err
}
