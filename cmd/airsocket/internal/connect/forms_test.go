package connect_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// connectWith runs connect with flags that have no spaces.
func connectWith(t *testing.T, stdin, url, flags string) clitest.Result {
	t.Helper()
	return clitest.Execute(t, strings.NewReader(stdin), append([]string{"connect", url}, strings.Fields(flags)...)...)
}

// startNoting starts a server that answers each message with what it has received: its
// type, and its length or, if it is short, its text.
func startNoting(t *testing.T) (url string) {
	return clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		s.OnMessage(func(e *airsocket.MessageEvent) {
			kind, n := "text", len(e.Bytes())
			if e.Binary() {
				kind = "binary"
			}
			if n > 100 {
				s.Send(fmt.Sprintf("%s of %d", kind, n))
			} else {
				s.Send(fmt.Sprintf("%s %q", kind, e.Bytes()))
			}
		})
	})
}

func TestFormsOfInput(t *testing.T) {
	t.Parallel()
	url := startNoting(t)
	long := strings.Repeat("x", 100_000)
	for _, test := range []struct{ flags, in, want string }{
		{"-n 2", "a\nb", `text "a",text "b",`},
		{"-n 3 -0", "a\nb\x00\x00c", `text "a\nb",text "",text "c",`},
		{"-n 1 -whole", "a\nb\n", `text "a\nb\n",`},
		{"-n 1 -whole", "", `text "",`},
		{"-n 1 -whole", long, `text of 100000,`},
		{"-n 1 -binary", "a\n\xff", `binary "a\n\xff",`},
		{"-wait 0 -binary", "", ``},
		{"-n 2 -binary", long[:65536+3], `binary of 65536,binary "xxx",`},
		{"-n 2 -binary -max-message 200", long[:201], `binary of 200,binary "x",`},
		{"-n 2 -binary -0", "\xff\n\x00b", `binary "\xff\n",binary "b",`},
		{"-n 1 -binary -whole", "a\x00\xff\n", `binary "a\x00\xff\n",`},
		{"-n 1 -binary -whole", long, `binary of 100000,`},
		{"-n 1 -binary -x \xff", "not read", `binary "\xff",`},
		{"-n 2 -x a -i", "b", `text "a",text "b",`},
		{"-n 3 -x a -x b -i -binary", "c", `binary "a",binary "b",binary "c",`},
	} {
		r := connectWith(t, test.in, url, test.flags)
		r.Want(t, exit.OK, "")
		end := "\n"
		if strings.Contains(test.flags, "-0") {
			end = "\x00"
		}
		if got := strings.ReplaceAll(r.Stdout, end, ","); got != test.want {
			t.Errorf("%s: got %q, want %q", test.flags, got, test.want)
		}
	}
	for _, flags := range []string{"-whole", "-0", ""} {
		connectWith(t, "123456", url, flags+" -wait 0 -max-message 5").Want(t, exit.Usage, "a message of the input is longer than -max-message")
	}
}

func TestJSONIsSent(t *testing.T) {
	t.Parallel()
	url := startNoting(t)
	in := "\ufeff" + `{"type":"open","text":"ws://other/"}

{"type":"message","direction":"in","data":"not sent"}
{"type":"ping","data":"p"}
{"type":"message","direction":"out","data":"a\nb"}
{"time":"2026-01-01T00:00:00Z","type":"message","size":2,"binary":true,"data":"/wA="}
`
	r := connectWith(t, in, url, "-json-in -n 2")
	r.Want(t, exit.OK, "* pong \"p\" after ")
	if want := "text \"a\\nb\"\nbinary \"\\xff\\x00\"\n"; r.Stdout != want {
		t.Errorf("stdout is %q, want %q", r.Stdout, want)
	}
	in = `{"type":"close","code":4001,"reason":"bye"}` + "\n" + `{"type":"message","data":"too late"}` + "\n"
	connectWith(t, in, url, "-json-in").Want(t, exit.OK, "* input not sent: 1 message read from the input\n* close 4001 bye\n")
	in = `{"type":"close","direction":"in","code":4001,"reason":"theirs"}` + "\n" + `{"type":"close","direction":"out","code":1005}` + "\n"
	connectWith(t, in, url, "-json-in").Want(t, exit.OK, "* close 1005\n")
	// The output of -json is the input of -json-in.
	said := connectWith(t, "one\ntwo", url, "-json -n 2").Stdout
	messages := ""
	for line := range strings.Lines(said) {
		if !strings.Contains(line, `"type":"close"`) {
			messages += line
		}
	}
	if r := connectWith(t, messages, url, "-json-in -n 2"); r.Stdout != "text \"one\"\ntext \"two\"\n" {
		t.Errorf("what was printed with -json is sent as %q; stderr: %s", r.Stdout, r.Stderr)
	}
	silent := clitest.ServeWith(t, nil, func(*airsocket.Socket) {})
	for in, say := range map[string]string{
		"hello":                                       "line 1: not an object as -json prints them",
		"\n \n[]":                                     "line 3: not an object as -json prints them: it is a JSON array",
		`{"type":"message","data":"` + "\xff\"}":      "line 1: not an object as -json prints them: it is not UTF-8",
		`{"type":"message","data":"a"}` + "\n{}":      `line 2: unknown type ""`,
		`{"type":"dance"}`:                            `unknown type "dance"; message, ping, pong and close can be sent`,
		`{"type":"message"}`:                          "line 1: a message has no data",
		`{"type":"message","data":"?","binary":true}`: "is not base64",
		`{"type":"message","data":"123456"}`:          "line 1: a message of the input is longer than -max-message",
		strings.Repeat(" ", 6*5+4097):                 "a message of the input is longer than -max-message",
		`{"type":"close","code":1001}`:                "not sent",
		`{"type":"close","code":70000}`:               "70000 is not a status code",
	} {
		connectWith(t, in, silent, "-json-in -max-message 5 -wait 0").Want(t, exit.Usage, say)
	}
}

func TestFormsOfOutput(t *testing.T) {
	t.Parallel()
	frames := "\x81\x02a\n" + "\x82\x03\x00\xff\n" + "\x81\x01b" + "\x88\x02\x03\xe8"
	for flags, want := range map[string]string{
		"":        "a\n\n0x00ff0a\nb\n",
		"-0":      "a\n\x000x00ff0a\x00b\x00",
		"-raw":    "a\n\x00\xff\nb",
		"-raw -0": "a\n\x00\xff\nb",
	} {
		r := connectWith(t, "", clitest.Upgraded(t, frames), flags+" -wait forever")
		if r.Want(t, exit.OK, "* close 1000\n"); r.Stdout != want {
			t.Errorf("%q: stdout is %q, want %q", flags, r.Stdout, want)
		}
	}
}

func TestFormsThatContradict(t *testing.T) {
	t.Parallel()
	for flags, say := range map[string]string{
		"-whole -0":                         "-whole and -0 are given",
		"-json-in -0":                       "-json-in says by itself",
		"-json-in -whole":                   "-json-in says by itself",
		"-json-in -binary":                  "-json-in says by itself",
		"-raw -json":                        "-raw and -json are given",
		"-i":                                "-i goes on after -x, which is missing",
		"-n -1":                             "-n is negative",
		"-ping-interval -1":                 "-ping-interval is negative",
		"-ping-interval long":               "not a time such as 5",
		"-ping-interval 1 -version 75":      "-ping-interval: version hixie-75 of the protocol has no pings",
		"-x 12345 -x 123456 -max-message 5": "a TEXT of -x is longer than -max-message",
		"-binary -version 76":               "-binary: version hixie-76 of the protocol has no binary messages",
	} {
		connectWith(t, "", "ws://a/", flags).Want(t, exit.Usage, say)
	}
}

// The server goes before it has read what -x says.
func TestTextsThatAreNotSent(t *testing.T) {
	t.Parallel()
	gone := clitest.Listen(t, clitest.AcceptRaw)
	connectWith(t, "", "ws://"+gone, strings.Repeat(" -x "+strings.Repeat("x", 4<<20), 10)).Want(t, exit.Protocol, " messages of -x\n")
}

// A file goes through an echo server and comes back the same.
func TestBinaryThereAndBack(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "--quiet")
	in, err := os.ReadFile(os.Args[0]) // is large
	if err != nil {
		t.Fatal(err)
	}
	in = in[:min(len(in), 4<<20)]
	r := connectWith(t, string(in), s.URL(), "-binary -raw")
	if r.Want(t, exit.OK, ""); r.Stdout != string(in) {
		t.Errorf("%d bytes in, %d bytes out, or other bytes", len(in), len(r.Stdout))
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	frames := "\x81\x011\x81\x012\x81\x013"
	r := connectWith(t, "", clitest.Upgraded(t, frames+"\x88\x02\x03\xe8"), "-n 2")
	if r.Want(t, exit.OK, ""); r.Stdout != "1\n2\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
	r = connectWith(t, "", clitest.Upgraded(t, frames+"\x88\x02\x03\xe8"), "-n 4")
	if r.Want(t, exit.Protocol, "the server has closed after 3 of 4 messages"); r.Stdout != "1\n2\n3\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
	s := clitest.StartServe(t)
	if r := connectWith(t, `{"type":"close","code":4001}`, s.URL(), "-n 2 -json-in"); r.Code != exit.OK || strings.Contains(r.Stderr, "messages") {
		t.Errorf("after a close of the input: exit code %d, %s", r.Code, r.Stderr)
	}
	connectWith(t, "a\n", s.URL(), "-n 2 -wait 200ms").Want(t, exit.Timeout, "nothing was received for 200ms after 1 of 2 messages")
}

// write writes a file and returns its name.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.txt")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
