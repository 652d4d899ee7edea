package serve_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestModesExcludeEachOther(t *testing.T) {
	t.Parallel()
	self := os.Args[0]
	for _, test := range []struct{ args, say string }{
		{"-exec " + self + " -tcp localhost:1", "-exec and -tcp exclude each other: give one of them"},
		{"-topics -broadcast", "-broadcast and -topics exclude each other"},
		{"-broadcast -exec " + self + " -topics", "-exec and -broadcast and -topics exclude each other"},
		{"-exec", "exec"},
		{"-exec=", "the value of -exec is empty"},
		{"-exec /nowhere/program", "-exec: "},
		{"-exec airsocket-no-such-program", "-exec: "},
		{"-static=", "the value of -static is empty"},
		{"-metrics=", "the value of -metrics is empty"},
		{"-exec-binary", "-exec-binary is of use only with -exec"},
		{"-exec-env A -tcp localhost:1", "-exec-env is of use only with -exec"},
		{"-exec-grace 1 -topics", "-exec-grace is of use only with -exec"},
		{"-exec " + self + " -exec-grace -1s", "-exec-grace is negative"},
		{"-exec " + self + " -exec-env =x", `-exec-env "=x" is not NAME or NAME=VALUE`},
		{"-exec " + self + " -exec-binary -versions 75", "version 75 of the protocol has no binary messages"},
		{"-broadcast -- a", `not "a"`},
		{"-health health", `-health is a path that begins with a slash, not "health"`},
		{"-metrics /a?b", "-metrics is a path"},
		{"-metrics /a -health /a", "the same path"},
		{"-max-conns-per-ip -1", "-max-conns-per-ip is negative"},
		{"-max-buffered -1", "-max-buffered is negative"},
		{"-idle-timeout -1", "-idle-timeout is negative"},
		{"-ping-interval -1", "-ping-interval is negative"},
		{"-log-content -1", "-log-content is negative"},
		{"-log-content 5 -quiet", "-log-content has no effect with -quiet"},
		{"-trusted-proxy example.com", `-trusted-proxy is an address or a prefix such as 10.0.0.0/8, not "example.com"`},
		{"-compress", "unknown flag -compress"},
	} {
		clitest.Execute(t, nil, append([]string{"serve"}, strings.Fields(test.args)...)...).Want(t, exit.Usage, test.say)
	}
	clitest.Execute(t, nil, "serve", "-exec", self+" -x").Want(t, exit.Usage, "its arguments are given separately: -exec PROGRAM -- ARGS")
}

func TestNoCompress(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		flags []string
		want  string
	}{
		{nil, "permessage-deflate"},
		{[]string{"--no-compress"}, ""},
		{[]string{"--broadcast"}, "permessage-deflate"},
	} {
		s := clitest.StartServe(t, test.flags...)
		clitest.Talk(t, &airsocket.Options{Compression: airsocket.CompressionTakeover}, s.URL(), "", func(c *airsocket.Socket) {
			c.OnOpen(func(*airsocket.OpenEvent) {
				if got := c.Extensions(); got != test.want && !strings.HasPrefix(got, test.want+";") {
					t.Errorf("%q: the extensions are %q", test.flags, got)
				}
				c.Close(airsocket.StatusNormalClosure, "")
			})
		})
	}
}

// TestSubprotocolsOfModes checks which subprotocols there are besides those of -subprotocol.
func TestSubprotocolsOfModes(t *testing.T) {
	t.Parallel()
	target := clitest.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	echo := []string{"dumb-increment-protocol", "echo-protocol", "fraggle-protocol", "lws-mirror-protocol"}
	for _, test := range []struct {
		flags []string
		want  []string
	}{
		{nil, echo},
		{[]string{"--tcp", target}, []string{"binary"}},
		{[]string{"--broadcast"}, nil},
		{[]string{"--topics"}, nil},
		{[]string{"--exec", os.Args[0], "--", "-test.run=^$"}, nil},
	} {
		s := clitest.StartServe(t, append([]string{"--subprotocol", "mine"}, test.flags...)...)
		for _, name := range append([]string{"mine", "binary"}, echo...) {
			got := "not open"
			clitest.Talk(t, nil, s.URL(), name, func(c *airsocket.Socket) {
				c.OnOpen(func(*airsocket.OpenEvent) {
					got = c.Protocol()
					c.Close(airsocket.StatusNormalClosure, "")
				})
			})
			want := ""
			if name == "mine" || slices.Contains(test.want, name) {
				want = name
			}
			if got != want {
				t.Errorf("%q: the answer to %q is %q", test.flags, name, got)
			}
		}
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--health", "/healthy", "--max-conns", "1")
	base := strings.Replace(strings.TrimSuffix(s.URL(), "/"), "ws:", "http:", 1)
	clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			for _, test := range []struct {
				method, path string
				status       int
				body         string
			}{
				{"GET", "/healthy", 200, "ok\n"}, {"HEAD", "/healthy", 200, ""}, {"POST", "/healthy", 405, "method not allowed\n"}, {"GET", "/healthy/", 404, "404 page not found\n"},
			} {
				req, _ := http.NewRequest(test.method, base+test.path, nil)
				res, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				body, _ := io.ReadAll(res.Body)
				res.Body.Close()
				if res.StatusCode != test.status || string(body) != test.body {
					t.Errorf("%s %s: %s, %q", test.method, test.path, res.Status, body)
				}
				if allow := res.Header.Get("Allow"); test.status == 405 && allow != "GET, HEAD" {
					t.Errorf("%s %s: the methods %q are allowed", test.method, test.path, allow)
				}
			}
			c.Close(airsocket.StatusNormalClosure, "")
		})
	})
}

func TestLogContent(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		s := clitest.StartServe(t, "--log-content", "10", "--log", format)
		clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
			c.OnOpen(func(*airsocket.OpenEvent) {
				for _, text := range []string{"hello", "0123456789+", "123456789ö", "\x1b]0;\u009b\u202e", ""} {
					c.Send(text)
				}
				c.SendBytes([]byte("\x00\xffabcdefghijk"))
			})
			c.OnMessage(func(e *airsocket.MessageEvent) {
				if e.Binary() {
					c.Close(airsocket.StatusNormalClosure, "")
				}
			})
		})
		s.End()
		log := s.Stderr.String()
		if strings.ContainsAny(log, "\x1b\u009b\u202e") {
			t.Errorf("the log has control characters: %q", log)
		}
		if format == "text" {
			for _, want := range []string{" content=hello\n", " content=0123456789...\n", " content=123456789...\n", ` content="\x1b]0;\u009b\u202e"`, ` content=""`, " content=00ff6162636465666768...\n"} {
				if !strings.Contains(log, want) {
					t.Errorf("%q is not in the log %s", want, log)
				}
			}
			continue
		}
		var got []string
		for line := range strings.Lines(log) {
			var e struct{ Msg, Content string }
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				t.Errorf("%q: %v", line, err)
			}
			if e.Msg == "message" {
				got = append(got, e.Content)
			}
		}
		if all := strings.Join(got, "|"); all != "hello|0123456789...|123456789...|\x1b]0;\u009b\u202e||00ff6162636465666768..." {
			t.Errorf("the contents are %q", all)
		}
	}
}

func TestMaxConnsPerIP(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--max-conns-per-ip", "1", "--trusted-proxy", "127.0.0.1")
	from := func(ip string) []string {
		return []string{"connect", s.URL(), "-x", "a", "-H", "X-Forwarded-For: " + ip}
	}
	clitest.Talk(t, &airsocket.Options{Header: http.Header{"X-Forwarded-For": {"192.0.2.1"}}}, s.URL(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			clitest.Execute(t, nil, from("192.0.2.1")...).Want(t, exit.Refused, "429")
			clitest.Execute(t, nil, from("192.0.2.2")...).Want(t, exit.OK, "")
			c.Close(airsocket.StatusNormalClosure, "")
		})
	})
}

func TestIdleTimeout(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--idle-timeout", "20ms")
	closed := clitest.Talk(t, nil, s.URL(), "", func(*airsocket.Socket) {})
	if closed.Code != airsocket.StatusGoingAway || !closed.WasClean {
		t.Errorf("closed with %d, clean %v", closed.Code, closed.WasClean)
	}
}

func TestPingInterval(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--ping-interval", "20ms")
	clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnPing(func(*airsocket.PingEvent) { c.Close(airsocket.StatusNormalClosure, "") })
	})
}

// TestMaxBuffered checks that what is kept of a message that does not come to an end counts.
func TestMaxBuffered(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--max-buffered", "100000")
	c := clitest.DialRaw(t, s.URL())
	c.SetDeadline(time.Now().Add(30 * time.Second))
	c.Write(append(binary.BigEndian.AppendUint64([]byte{0x02, 0xff}, 200_000), make([]byte, 4+150_000)...))
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil || !bytes.Equal(head[2:], []byte{1008 >> 8, 1008 & 0xff}) {
		t.Errorf("% x, %v", head, err)
	}
}
