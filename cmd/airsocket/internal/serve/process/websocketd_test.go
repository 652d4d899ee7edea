//go:build unix

package process_test

import (
	"crypto/tls"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// A habit is what the README, the examples and the manual of websocketd say of programs.
type habit struct {
	name, script string
	send, want   []string
	code         airsocket.StatusCode // by default that of a normal closure
	reason       string
	not          bool // websocketd 0.4.1 does not do so
}

var habits = []habit{
	{name: "count.sh", script: `for COUNT in 1 2 3; do echo $COUNT; done`, want: []string{"1", "2", "3"}},
	{name: "greeter.sh", script: `read A; echo "Hello $A!"; read B; echo "Hello $B!"`, send: []string{"Ann", "B & Ö"}, want: []string{"Hello Ann!", "Hello B & Ö!"}},
	{name: "send-receive.sh", script: `echo first; read A; echo "got $A"`, send: []string{"x"}, want: []string{"first", "got x"}},
	{name: "a message of two lines is two lines", script: `read A; read B; echo "$B,$A"`, send: []string{"a\nb"}, want: []string{"b,a"}},
	{name: "an empty message is an empty line", script: `read A && read B; echo "[$A]$B"`, send: []string{"", "b"}, want: []string{"[]b"}},
	{name: "line ends of Windows", script: `printf 'a\r\nb\n'`, want: []string{"a", "b"}},
	{name: "empty lines", script: `echo; echo x; echo`, want: []string{"", "x", ""}},
	{name: "no end of the last line", script: `printf 'a\nb'`, want: []string{"a", "b"}, not: true},
	{name: "not UTF-8", script: `printf 'a\377b\n'`, want: []string{"a\ufffdb"}, not: true},
	{name: "it ends without a word", script: `:`},
	{name: "it fails", script: `echo a; exit 3`, want: []string{"a"}, code: 1011, reason: "the program has failed: exit status 3"},
	{name: "it is killed", script: `kill -9 $$`, code: 1011, reason: "the program has failed: signal: killed"},
	{name: "it reads nothing", script: `exec <&-; echo a`, send: []string{"x", "y"}, want: []string{"a"}},
	{name: "stderr is not sent", script: `echo a >&2; echo b`, want: []string{"b"}},
}

func TestWebsocketdHabits(t *testing.T) {
	t.Parallel()
	for _, test := range habits {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := clitest.StartServe(t, script(t, test.script)...)
			got, closed := converse(t, s.URL(), test.send...)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if test.code == 0 {
				test.code = airsocket.StatusNormalClosure
			}
			if closed.Code != test.code || closed.Reason != test.reason || !closed.WasClean {
				t.Errorf("closed with %d %q, clean %v", closed.Code, closed.Reason, closed.WasClean)
			}
		})
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	need(t, shell)
	const print = `for A; do echo "$A"; done`
	for _, test := range []struct{ args, want []string }{
		{[]string{"--exec", shell, "--", "-c", print, "name", "-a", "--quiet", "", "$HOME; x"}, []string{"-a", "--quiet", "", "$HOME; x"}},
		{[]string{"--exec", shell, "--quiet", "--", "-c", print, "name", "a"}, []string{"a"}},
	} {
		got, _ := converse(t, clitest.StartServe(t, test.args...).URL())
		if !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.args, got, test.want)
		}
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	const print = `for N in SERVER_SOFTWARE GATEWAY_INTERFACE SERVER_PROTOCOL SERVER_NAME SERVER_PORT REQUEST_METHOD REQUEST_URI \
		SCRIPT_NAME PATH_INFO PATH_TRANSLATED QUERY_STRING REMOTE_ADDR REMOTE_HOST REMOTE_PORT UNIQUE_ID HTTPS AUTH_TYPE CONTENT_LENGTH \
		CONTENT_TYPE REMOTE_IDENT REMOTE_USER HTTP_ORIGIN HTTP_HOST HTTP_X_FORWARDED_FOR GIVEN; do
		eval "echo \"$N=\${$N-unset}\""; done`
	values := func(flags []string, target string, o *airsocket.Options) map[string]string {
		s := clitest.StartServe(t, append(flags, script(t, print)...)...)
		got := map[string]string{}
		clitest.Talk(t, o, strings.TrimSuffix(s.URL(), "/")+target, "", func(c *airsocket.Socket) {
			c.OnMessage(func(e *airsocket.MessageEvent) {
				name, value, _ := strings.Cut(e.Text(), "=")
				got[name] = value
			})
		})
		_, got["port of the server"], _ = strings.Cut(strings.Trim(s.URL()[6:], "/"), ":")
		return got
	}
	forwarded := http.Header{"X-Forwarded-For": {"192.0.2.7"}}
	plain := values([]string{"--origin", "*", "--exec-env", "GIVEN=value"}, "/somedir/my%20script?name=me&msg=hello%20world",
		&airsocket.Options{Origin: "http://page.example", Header: forwarded})
	for name, want := range map[string]string{
		"SERVER_SOFTWARE": "airsocket", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_PROTOCOL": "HTTP/1.1",
		"SERVER_NAME": "127.0.0.1", "SERVER_PORT": plain["port of the server"], "REQUEST_METHOD": "GET",
		"REQUEST_URI": "/somedir/my%20script?name=me&msg=hello%20world",
		"SCRIPT_NAME": "/", "PATH_INFO": "/somedir/my script", "PATH_TRANSLATED": "/somedir/my script",
		"QUERY_STRING": "name=me&msg=hello%20world", "REMOTE_ADDR": "127.0.0.1", "REMOTE_HOST": "127.0.0.1",
		"HTTPS": "unset", "AUTH_TYPE": "", "CONTENT_LENGTH": "", "CONTENT_TYPE": "", "REMOTE_IDENT": "", "REMOTE_USER": "",
		"HTTP_ORIGIN": "http://page.example", "HTTP_HOST": "127.0.0.1:" + plain["port of the server"],
		"HTTP_X_FORWARDED_FOR": "192.0.2.7", "GIVEN": "value",
	} {
		if plain[name] != want {
			t.Errorf("%s is %q, want %q", name, plain[name], want)
		}
	}
	if !regexp.MustCompile(`^[0-9]+$`).MatchString(plain["REMOTE_PORT"]) || len(plain["UNIQUE_ID"]) < 20 {
		t.Errorf("REMOTE_PORT is %q, UNIQUE_ID %q", plain["REMOTE_PORT"], plain["UNIQUE_ID"])
	}

	other := values([]string{"--tls-self-signed", "--trusted-proxy", "127.0.0.0/8"}, "/a%00b?%00",
		&airsocket.Options{Header: forwarded, TLS: &tls.Config{InsecureSkipVerify: true}})
	for name, want := range map[string]string{
		"HTTPS": "on", "PATH_INFO": "/a b", "QUERY_STRING": "%00", "REMOTE_ADDR": "192.0.2.7", "REMOTE_PORT": "", "HTTP_ORIGIN": "unset", "GIVEN": "unset",
	} {
		if other[name] != want {
			t.Errorf("behind a proxy, %s is %q, want %q", name, other[name], want)
		}
	}
	if other["UNIQUE_ID"] == plain["UNIQUE_ID"] {
		t.Error("UNIQUE_ID is not unique")
	}
}

func TestOneProcessForEachClient(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, script(t, `echo $$; read A; echo "$A"`)...)
	var pids []string
	clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnMessage(func(e *airsocket.MessageEvent) {
			if pids = append(pids, e.Text()); len(pids) == 1 {
				go func() {
					pid := first(t, s.URL())
					c.Send(pid)
				}()
			}
		})
	})
	if len(pids) != 2 || pids[0] == pids[1] || pids[1] == "" {
		t.Errorf("the processes are %q", pids)
	}
}

func TestStderrIsLogged(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, append([]string{"--quiet"}, script(t, `printf 'a\033[31mb\nc' >&2; printf '%05000d' 7 >&2`)...)...)
	converse(t, s.URL())
	s.End()
	log := s.Stderr.String()
	if !strings.Contains(log, `msg=stderr`) || !strings.Contains(log, `text="a\x1b[31mb"`) || strings.Contains(log, "\x1b") || !strings.Contains(log, "pid=") {
		t.Errorf("the log has %.300q", log)
	}
	for line := range strings.Lines(log) {
		if len(line) > 5000 {
			t.Errorf("a line of the log has %d bytes", len(line))
		}
	}
	if got := strings.Count(log, "0"); got < 4999 {
		t.Errorf("only %d zeros of the long line are in the log", got)
	}
}

func TestExecBinary(t *testing.T) {
	t.Parallel()
	need(t, "/bin/cat")
	s := clitest.StartServe(t, "--exec", "/bin/cat", "--exec-binary")
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	got := ""
	clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnOpen(func(*airsocket.OpenEvent) {
			c.SendBytes(every)
			c.Send("a text, without a line end")
		})
		c.OnMessage(func(e *airsocket.MessageEvent) {
			if got += e.Text(); !e.Binary() {
				t.Errorf("%q is a text", e.Text())
			}
			if strings.HasSuffix(got, "end") {
				c.Close(airsocket.StatusNormalClosure, "")
			}
		})
	})
	if got != string(every)+"a text, without a line end" {
		t.Errorf("got %q", got)
	}
	clitest.Execute(t, nil, "connect", s.URL(), "-x", "a", "-version", "76").Want(t, exit.Refused, "426")
}

func TestExecLongLine(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, append([]string{"--max-message", "10"}, script(t, `echo 1234567890; while :; do printf 1234567890; done`)...)...)
	got, closed := converse(t, s.URL())
	if !slices.Equal(got, []string{"1234567890"}) || closed.Code != airsocket.StatusInternalError || closed.Reason != "the program has written a line that is too long" {
		t.Errorf("got %q, closed with %d %q", got, closed.Code, closed.Reason)
	}
}

// With -exec and -tcp, a page must not reach what only this machine can.
func TestExecOrigins(t *testing.T) {
	t.Parallel()
	own := clitest.StartServe(t, script(t, `echo a`)...)
	host := strings.Replace(strings.TrimSuffix(own.URL(), "/"), "ws:", "http:", 1)
	for origin, code := range map[string]int{host: exit.OK, "http://evil.example": exit.Refused, "null": exit.Refused} {
		clitest.Execute(t, nil, "connect", own.URL(), "-x", "a", "-origin", origin).Want(t, code, "")
	}
	any := clitest.StartServe(t, append([]string{"--origin", "*"}, script(t, `echo a`)...)...)
	clitest.Execute(t, nil, "connect", any.URL(), "-x", "a", "-origin", "null").Want(t, exit.OK, "")
}

func TestExecMaxConns(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, append([]string{"--max-conns", "1"}, script(t, `echo a; read A`)...)...)
	clitest.Talk(t, nil, s.URL(), "", func(c *airsocket.Socket) {
		c.OnMessage(func(*airsocket.MessageEvent) {
			clitest.Execute(t, nil, "connect", s.URL(), "-x", "a").Want(t, exit.Refused, "503")
			c.Send("end")
		})
	})
}
