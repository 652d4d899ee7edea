package interop

import (
	"bufio"
	"net/url"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// libwebsockets starts one of the test programs of libwebsockets, which log to
// standard error. From each line that matches, it sends the first submatch to
// the channel.
func libwebsockets(t *testing.T, path, match string, args ...string) <-chan string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), path, args...)
	found := make(chan string, 1024)
	pattern := regexp.MustCompile(match)
	wstest.RunChild(t, cmd, cmd.StderrPipe, func(lines *bufio.Scanner) {
		defer close(found)
		for lines.Scan() {
			if m := pattern.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case found <- m[1]:
				default: // more than the test reads
				}
			}
		}
	})
	return found
}

// TestInteropLibwebsocketsServer talks to the test server in each of its
// subprotocols.
func TestInteropLibwebsocketsServer(t *testing.T) {
	says := libwebsockets(t, wstest.Find(t, "libwebsockets-test-server"), `(?:lws_socket_bind says |changed \d+ '\w+' -> \d+ ')(\d+|OPERATIONAL)`, "--port=0", "-d", "31")
	port := within(t, says)
	within(t, says) // the server does not listen yet on a port that is bound
	for _, version := range []wire.Version{wire.Hybi08, wire.Hybi13} {
		t.Run(version.String(), func(t *testing.T) {
			opts := wstest.OwnDispatcher(&airsocket.Options{Version: version, Parallel: true})
			connect := func(protocol string) *side {
				us := newSide(t, "our side")
				us.use(airsocket.NewSocket(opts))
				if err := us.socket.Connect("ws://127.0.0.1:"+port+"/", protocol); err != nil {
					t.Fatal(err)
				}
				if open := us.want("open"); open.Protocol != protocol || open.version != version {
					t.Errorf("protocol %q, version %v", open.Protocol, open.version)
				}
				return us
			}
			t.Run("dumb-increment", func(t *testing.T) { dumbIncrement(t, connect("dumb-increment-protocol")) })
			t.Run("mirror", func(t *testing.T) {
				mirror(t, connect("lws-mirror-protocol"), connect("lws-mirror-protocol"))
			})
		})
	}
}

// dumbIncrement counts along with the server, makes it begin again, and makes
// it close the connection.
func dumbIncrement(t *testing.T, us *side) {
	for i := range 3 {
		us.wantData("text", strconv.Itoa(i))
	}
	us.do(sendText("reset\n"))
	for i := 3; ; i++ {
		r := us.want("text")
		if r.Data == "0" {
			break
		}
		if r.Data != strconv.Itoa(i) || i > 1000 {
			t.Fatalf("our side reports %v, want %d or, after the reset, 0", r, i)
		}
	}
	us.do(sendText("closeme\n"))
	r := us.next()
	for r.Event == "text" {
		r = us.next()
	}
	if r.Event != "close" || !r.clean || r.Code != 1001 || r.Reason != "seeya" {
		t.Errorf("our side reports %v, want 1001 seeya", r)
	}
}

// mirror draws on the canvas that the server shares among its clients.
func mirror(t *testing.T, us, others *side) {
	strokes := []string{"d #2563eb 10 20 30 40;", "c #ff0000 100 100 25;"}
	for _, s := range strokes {
		us.do(sendText(s))
	}
	for _, who := range []*side{us, others} {
		var got strings.Builder
		for want := strings.Join(strokes, ""); got.Len() < len(want); {
			got.WriteString(who.want("text").Data)
			if !strings.HasPrefix(want, got.String()) {
				t.Fatalf("the mirror shows %q, want %q", got.String(), want)
			}
		}
	}
	us.do(sendClose(1000, ""))
	if r := us.want("close"); !r.clean {
		t.Errorf("our side reports %v, which is not clean", r)
	}
}

// TestInteropLibwebsocketsClient serves the test client, which opens a connection
// in each of its two subprotocols.
func TestInteropLibwebsocketsClient(t *testing.T) {
	path := wstest.Find(t, "libwebsockets-test-client")
	srv := &airsocket.Server{Options: &airsocket.Options{
		Protocols: []string{"dumb-increment-protocol", "lws-mirror-protocol"},
		Parallel:  true,
	}}
	dumb, drawing := newSide(t, "our dumb-increment-protocol"), newSide(t, "our lws-mirror-protocol")
	srv.OnConnect(func(s *airsocket.Socket) {
		if s.Protocol() == "lws-mirror-protocol" {
			drawing.use(s)
		} else {
			dumb.use(s)
		}
	})
	u, err := url.Parse(wstest.Serve(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	received := libwebsockets(t, path, `rx \d+ '(.*)'`, u.Hostname(), "--port="+u.Port(), "-d", "15")
	dumb.want("open")
	for _, text := range []string{"0", "1", "longer, and no more"} { // it takes 20 bytes at a time
		dumb.do(sendText(text))
		if got := within(t, received); got != text {
			t.Errorf("the client has received %q, want %q", got, text)
		}
	}
	drawing.want("open")
	for range 3 {
		if r := drawing.want("text"); !strings.HasPrefix(r.Data, "c #") {
			t.Errorf("our side reports %v, want a circle", r)
		}
	}
}
