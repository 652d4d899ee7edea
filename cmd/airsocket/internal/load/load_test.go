package load_test

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/load"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
	"github.com/airsocket/airsocket/internal/hist"
	"github.com/airsocket/airsocket/wire"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	broken := write("broken", "{}\n{")
	empty := write("empty", `{"type":"message","direction":"in","data":"a"}`+"\n"+`{"type":"ping","direction":"out","data":"a"}`+"\n")
	noBase64 := write("nobase64", `{"type":"message","direction":"out","binary":true,"data":"*"}`)
	noData := write("nodata", `{"type":"message","direction":"out"}`)
	for _, test := range []struct {
		args []string
		say  string
	}{
		{nil, "load takes one URL, not 0"},
		{[]string{"ws://a/", "ws://b/"}, "one URL, not 2"},
		{[]string{"gopher://a/"}, "bad URL"},
		{[]string{"ws://a/", "-n", "0"}, "-n is less than 1"},
		{[]string{"ws://a/", "-n", "1048577"}, "-n is more than 1048576"},
		{[]string{"ws://a/", "-ramp", "-1"}, "-ramp is negative"},
		{[]string{"ws://a/", "-duration", "9000h"}, "-duration is negative, or longer than a year"},
		{[]string{"ws://a/", "-every", "-1s"}, "-every is negative"},
		{[]string{"ws://a/", "-wait", "-1s"}, "-wait is negative"},
		{[]string{"ws://a/", "-every", "0", "-match", "none", "-x", "a"}, "-every 0 waits for answers"},
		{[]string{"ws://a/", "-match", "some"}, `"some" for flag -match: not order, equal or none`},
		{[]string{"ws://a/", "-x", "a", "-size", "5"}, "give one of them"},
		{[]string{"ws://a/", "-x", "a", "-replay", empty}, "give one of them"},
		{[]string{"ws://a/", "-x", "\xff"}, "not UTF-8; give -binary"},
		{[]string{"ws://a/", "-size", "17m"}, "not a number of bytes"},
		{[]string{"ws://a/", "-size", "-1"}, "not a number of bytes"},
		{[]string{"ws://a/", "-size", "99999999999999999999k"}, "not a number of bytes"},
		{[]string{"ws://a/", "-binary"}, "-binary needs -x or -size"},
		{[]string{"ws://a/", "-binary", "-replay", empty}, "-binary has no effect"},
		{[]string{"ws://a/", "-size", "1001", "-max-message", "1000"}, "a message to send has 1001 bytes, more than the 1000 of -max-message"},
		{[]string{"ws://a/", "-fill"}, "-fill has no effect"},
		{[]string{"ws://a/", "-fill", "-x", "{m} {conn"}, "-fill has no effect, because no message has {conn} or {n}"},
		{[]string{"ws://a/", "-fill", "-size", "10"}, "-fill has no effect"},
		{[]string{"ws://a/", "-replay", filepath.Join(dir, "nothing")}, "nothing"},
		{[]string{"ws://a/", "-replay", broken}, "line 2 is not a record"},
		{[]string{"ws://a/", "-replay", empty}, "no message has the direction out"},
		{[]string{"ws://a/", "-replay", noBase64}, "not base64"},
		{[]string{"ws://a/", "-replay", noData}, "a message has no data"},
		{[]string{"ws://a/", "-check", "p99<50"}, `"50" is not a time with a unit`},
		{[]string{"ws://a/", "-check", "p98<50ms"}, "begins with none of connected, errors, max, mean, p50"},
		{[]string{"ws://a/", "-json", "-", "-html", "-"}, "cannot both"},
		{[]string{"ws://a/", "-json", filepath.Join(dir, "no", "such")}, "such"},
		{[]string{"ws://a/", "-html", filepath.Join(dir, "no", "such")}, "such"},
	} {
		r := clitest.Execute(t, nil, append([]string{"load"}, test.args...)...)
		if r.Want(t, exit.Usage, test.say); r.Stdout != "" {
			t.Errorf("%q: stdout is %q", test.args, r.Stdout)
		}
	}
}

// A received is what a server has received.
type received struct {
	kind wire.Kind
	data string
}

// collect runs load against a server that echoes, and returns the first messages that a
// connection has sent. Then the server closes it, which ends the test.
func collect(t *testing.T, args ...string) []received {
	t.Helper()
	const messages = 5
	all := make(chan []received, 1)
	url := clitest.ServeWith(t, nil, func(s *airsocket.Socket) {
		var list []received
		s.OnMessage(func(e *airsocket.MessageEvent) {
			list = append(list, received{e.Kind(), e.Text()})
			s.SendMessage(e.Kind(), e.Bytes())
			if len(list) == messages {
				s.Close(airsocket.StatusNormalClosure, "")
			}
		})
		s.OnClose(func(*airsocket.CloseEvent) { all <- list })
	})
	r := clitest.Execute(t, nil, append([]string{"load", url, "-n", "1", "-duration", "1h", "-every", "0", "-quiet"}, args...)...)
	if r.Want(t, exit.OK, ""); r.Stderr != "" {
		t.Errorf("with -quiet, stderr is %q", r.Stderr)
	}
	return <-all
}

func TestMessages(t *testing.T) {
	t.Parallel()
	texts := collect(t, "-x", "one", "-x", "", "-x", "three")
	for i, want := range []string{"one", "", "three", "one", ""} {
		if texts[i] != (received{wire.Text, want}) {
			t.Errorf("message %d of %v is not %q", i, texts, want)
		}
	}
	if got := collect(t, "-x", "\xff", "-binary")[0]; got != (received{wire.Binary, "\xff"}) {
		t.Errorf("-binary sends %v", got)
	}
	random := collect(t, "-size", "2k")
	if random[0].kind != wire.Text || len(random[0].data) != 2048 || random[0] == random[1] || strings.ContainsAny(random[0].data, " \n\x00") {
		t.Errorf("-size 2k sends %.80v", random)
	}
	if bytes := collect(t, "-size", "300", "-binary"); bytes[0].kind != wire.Binary || len(bytes[0].data) != 300 {
		t.Errorf("-size 300 -binary sends %.80v", bytes)
	}
	if none := collect(t, "-size", "0"); none[0] != (received{wire.Text, ""}) {
		t.Errorf("-size 0 sends %.80v", none)
	}
}

// -fill puts the numbers of the connection and of the message into what is sent.
func TestFill(t *testing.T) {
	t.Parallel()
	texts := collect(t, "-fill", "-x", "{n}: {conn}, {n}", "-x", "none", "-x", "{{conn}}")
	for i, want := range []string{"1: 1, 1", "none", "{1}", "4: 1, 4", "none"} {
		if texts[i] != (received{wire.Text, want}) {
			t.Errorf("message %d of %v is not %q", i, texts, want)
		}
	}
	var mu sync.Mutex
	var all []string
	serve := func(p *peer) {
		for m := p.read(); m != nil; m = p.read() {
			mu.Lock()
			all = append(all, string(m))
			mu.Unlock()
			if strings.HasPrefix(string(m), "2") {
				continue // which the next one overtakes
			}
			p.write(1, m)
			p.write(1, m) // is no answer to the next one
		}
	}
	args := []string{"-n", "3", "-duration", "5050ms", "-every", "1s", "-x", "{n} of {conn}", "-fill", "-match", "equal"}
	inBubble(t, nil, dial(serve), false, args, func(r result) {
		slices.Sort(all)
		want := []string{
			"1 of 1", "1 of 2", "1 of 3", "2 of 1", "2 of 2", "2 of 3", "3 of 1", "3 of 2", "3 of 3",
			"4 of 1", "4 of 2", "4 of 3", "5 of 1", "5 of 2", "5 of 3",
		}
		if !slices.Equal(all, want) {
			t.Errorf("received %q", all)
		}
		r.want(t, "messages", map[string]float64{"sent": 15, "received": 24, "unanswered": 3, "unexpected": 12, "sent_bytes": 15 * 6})
	})
}

// -replay sends what connect has sent, as it prints it with -json.
func TestReplay(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	recorded := clitest.Execute(t, strings.NewReader("first\nsecond \x1b \u2028\n"), "connect", s.URL(), "-json", "-wait", "0")
	recorded.Want(t, exit.OK, "")
	file := filepath.Join(t.TempDir(), "journal")
	text := recorded.Stdout + "\n" + `{"time":"","type":"message","direction":"out","binary":true,"data":"/wA="}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := collect(t, "-replay", file)
	want := []received{{wire.Text, "first"}, {wire.Text, "second \x1b \u2028"}, {wire.Binary, "\xff\x00"}, {wire.Text, "first"}, {wire.Text, "second \x1b \u2028"}}
	if !slices.Equal(got, want) {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// The flags of connections have their effect.
func TestConnectionFlags(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 10)
	url := clitest.ServeWith(t, &airsocket.Options{Protocols: []string{"chat"}, Compression: airsocket.CompressionTakeover}, func(s *airsocket.Socket) {
		h := s.Request().Header
		seen <- h.Get("X-Test") + " " + s.Protocol() + " " + s.Extensions() + " " + s.Request().Target
	})
	clitest.Execute(t, nil, "load", url+"/path?q=1", "-n", "2", "-duration", "0", "-H", "X-Test: yes", "-subprotocol", "chat", "-compress", "-quiet").Want(t, exit.OK, "")
	for range 2 {
		if got := <-seen; !strings.HasPrefix(got, "yes chat permessage-deflate") || !strings.HasSuffix(got, "/path?q=1") {
			t.Errorf("the server sees %q", got)
		}
	}
}

func TestChecksAndExitCodes(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	run := func(checks ...string) clitest.Result {
		args := []string{"load", s.URL(), "-n", "2", "-duration", "100ms", "-every", "0", "-x", "a", "-quiet"}
		for _, c := range checks {
			args = append(args, "-check", c)
		}
		return clitest.Execute(t, nil, args...)
	}
	r := run("p99<1h", "mean <= 1h", "connected>=100%", "errors<1", "unanswered<=0")
	if r.Want(t, exit.OK, ""); strings.Count(r.Stdout, "\n  ok ") != 5 {
		t.Errorf("stdout:\n%s", r.Stdout)
	}
	r = run("p99<1h", "max<1ns")
	if r.Want(t, exit.Check, ""); !strings.Contains(r.Stdout, "\n  failed  max<1ns (") || !strings.Contains(r.Stdout, "\n  ok      p99<1h (") {
		t.Errorf("stdout:\n%s", r.Stdout)
	}
}

// The report as JSON has these members, and no others.
func TestJSON(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	secret := strings.Replace(s.URL(), "ws://", "ws://user:secret@", 1)
	file := filepath.Join(t.TempDir(), "report.json")
	args := []string{"load", secret, "-n", "2", "-duration", "300ms", "-every", "10ms", "-x", "a", "-quiet", "-check", "p99<1h"}
	withFile := clitest.Execute(t, nil, append(args, "-json", file)...)
	withFile.Want(t, exit.OK, "")
	if !strings.HasPrefix(withFile.Stdout, "airsocket load ws://user:") || strings.Contains(withFile.Stdout, "secret") {
		t.Errorf("stdout:\n%s", withFile.Stdout)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	onStdout := clitest.Execute(t, nil, append(args, "-json", "-")...)
	for _, text := range []string{string(text), onStdout.Stdout} {
		type latency struct {
			P50  *float64 `json:"p50"`
			P90  *float64 `json:"p90"`
			P99  *float64 `json:"p99"`
			P999 *float64 `json:"p99.9"`
			Max  *float64 `json:"max"`
			Mean *float64 `json:"mean"`
		}
		var got struct {
			Title       string
			Notes       []string
			Started     time.Time
			Seconds     float64
			Connections struct{ Attempted, Opened, Failed, Most int }
			Opening     latency
			Messages    struct {
				Sent, Received, Unanswered, Unexpected, Unsent int
				SentBytes                                      int     `json:"sent_bytes"`
				ReceivedBytes                                  int     `json:"received_bytes"`
				SentRate                                       float64 `json:"sent_rate"`
				ReceivedRate                                   float64 `json:"received_rate"`
			}
			Latency, Late latency
			Errors        map[string]int
			Closes        map[string]int
			Checks        []struct {
				Check  string
				Actual float64
				OK     bool
			}
			Charts []struct {
				Title, X, Y string
				Lines       []struct {
					Name   string
					Points [][2]*float64
				}
			}
		}
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&got); err != nil {
			t.Fatalf("%v in\n%.2000s", err, text)
		}
		switch {
		case got.Title == "" || strings.Contains(got.Title, "secret"), len(got.Notes) != 1, got.Seconds <= 0, got.Started.IsZero():
			t.Errorf("head: %+v", got)
		case got.Connections.Opened != 2 || got.Connections.Most != 2 || got.Closes["1000"] != 2:
			t.Errorf("connections %+v, closes %v", got.Connections, got.Closes)
		case got.Messages.Sent == 0 || got.Messages.SentBytes != got.Messages.Sent:
			t.Errorf("messages %+v", got.Messages)
		case got.Latency.P999 == nil || got.Late.P50 == nil || got.Opening.Mean == nil || *got.Latency.Max < *got.Latency.P50:
			t.Errorf("latency %+v, late %+v, opening %+v", got.Latency, got.Late, got.Opening)
		case len(got.Checks) != 1 || got.Checks[0].Check != "p99<1h" || !got.Checks[0].OK:
			t.Errorf("checks %+v", got.Checks)
		case len(got.Charts) != 4:
			t.Errorf("%d charts", len(got.Charts))
		}
	}
}

func TestHTMLFile(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	file := filepath.Join(t.TempDir(), "report.html")
	args := []string{"load", s.URL() + "?<script>", "-n", "2", "-duration", "500ms", "-every", "10ms", "-x", "a", "-quiet"}
	clitest.Execute(t, nil, append(args, "-html", file)...).Want(t, exit.OK, "")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	stdout := clitest.Execute(t, nil, append(args, "-html", "-")...).Stdout
	for _, page := range []string{string(text), stdout} {
		if !strings.HasPrefix(page, "<!DOCTYPE html>") || strings.Contains(page, "<script") || strings.Count(page, `role="img"`) != 4 || !strings.HasSuffix(page, "</html>\n") {
			t.Errorf("the page is\n%.3000s", page)
		}
	}
}

// The files are complete before stdout is written to, which may be a pipe that ends the
// program.
func TestFilesBeforeStdout(t *testing.T) {
	t.Parallel()
	s := clitest.StartServe(t, "-quiet")
	dir := t.TempDir()
	page, data := filepath.Join(dir, "html"), filepath.Join(dir, "json")
	var out writerFunc = func([]byte) (int, error) {
		for name, end := range map[string]string{page: "</html>\n", data: "}\n"} {
			if text, err := os.ReadFile(name); err != nil || !strings.HasSuffix(string(text), end) {
				t.Errorf("%s: %v, %.100q", name, err, text)
			}
		}
		return 0, io.ErrClosedPipe
	}
	var stderr clitest.Output
	args := []string{"load", s.URL(), "-n", "1", "-duration", "0", "-quiet", "-html", page, "-json", data}
	if code := program.Program.Run(t.Context(), args, &command.Std{Out: out, Err: &stderr}); code != exit.Usage || !strings.Contains(stderr.String(), "output: io: ") {
		t.Errorf("exit code %d, stderr %q", code, &stderr)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// The reports do not overwrite each other, nor what is sent.
func TestSameFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	journal := filepath.Join(dir, "journal")
	text := `{"type":"message","direction":"out","data":"a"}` + "\n"
	if err := os.WriteFile(journal, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"-json", "-html"} {
		clitest.Execute(t, nil, "load", "ws://a/", "-replay", journal, flag, dir+"/./journal").Want(t, exit.Usage, "is the file of -replay")
	}
	if after, err := os.ReadFile(journal); err != nil || string(after) != text {
		t.Errorf("the journal is now %q (%v)", after, err)
	}
	out := filepath.Join(dir, "out")
	clitest.Execute(t, nil, "load", "ws://a/", "-json", out, "-html", out).Want(t, exit.Usage, "-json and -html cannot both be written to ")
}

// The progress is a line each few seconds, a line that changes on a terminal, and nothing
// with -quiet.
func TestProgress(t *testing.T) {
	t.Parallel()
	args := []string{"-n", "10", "-duration", "20s", "-every", "1s", "-x", "a"}
	inBubble(t, nil, dial(echo(after(2*time.Millisecond))), false, args, func(r result) {
		lines := strings.Split(strings.TrimSuffix(r.stderr, "\n"), "\n")
		if len(lines) != 4 || lines[1] != "10s 10 open 0 errors 10 sent/s 10 received/s p99 2ms" {
			t.Errorf("stderr is %q", r.stderr)
		}
	})
	inBubble(t, nil, dial(echo(nil)), true, args, func(r result) {
		if !strings.HasPrefix(r.stderr, "\r[") || !strings.Contains(r.stderr, "\r[========        ] 10s 10 open 0 errors 10 sent/s") || !strings.HasSuffix(r.stderr, "\r\x1b[K") || strings.Contains(r.stderr, "\n") {
			t.Errorf("the terminal shows %q", r.stderr)
		}
		for line := range strings.SplitSeq(r.stderr, "\r") {
			if len(line) > 79 {
				t.Errorf("a line has %d columns: %q", len(line), line)
			}
		}
	})
	inBubble(t, nil, dial(echo(nil)), true, append(args, "-quiet"), func(r result) {
		if r.stderr != "" {
			t.Errorf("with -quiet the terminal shows %q", r.stderr)
		}
	})
}

// A terminal with few columns does not wrap the line.
func TestWithBar(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text    string
		columns int
		want    string
	}{
		{"3s 5 open", 80, "[====            ] 3s 5 open"},
		{"3s 5 open", 29, "[====            ] 3s 5 open"},
		{"3s 5 open", 28, "[===            ] 3s 5 open"},
		{"3s 5 open", 17, "[=   ] 3s 5 open"},
		{"3s 5 open", 16, "3s 5 open"},
		{"3s p99 5µs", 11, "3s p99 5µs"},
		{"3s p99 5µs", 10, "3s p99 5µ"},
		{"3s 5 open", 1, ""},
		{"3s 5 open", 0, ""},
	} {
		if got := load.WithBar(test.text, 3*time.Second, 12*time.Second, test.columns); got != test.want {
			t.Errorf("%d columns: %q, want %q", test.columns, got, test.want)
		}
	}
	if got := load.WithBar("", 2, 1, 80); got != "[================] " {
		t.Errorf("after the end: %q", got)
	}
	if got := load.WithBar("", 8766*time.Hour, 2*8766*time.Hour, 80); got != "[========        ] " {
		t.Errorf("half of two years: %q", got)
	}
}

// A long test keeps a bounded number of samples, which have the worst of what they stand for.
func TestHistory(t *testing.T) {
	t.Parallel()
	var h load.History
	const n = 5000
	for i := range n {
		h.Add(i, n-i)
	}
	errors, longest := h.Samples()
	if len(errors) > load.MaxSamples || len(errors) < load.MaxSamples/2 {
		t.Errorf("%d samples", len(errors))
	}
	if !slices.IsSorted(errors) || errors[len(errors)-1] != n-1 || longest[0] != n {
		t.Errorf("samples end with %d and %d", errors[len(errors)-1], longest[len(longest)-1])
	}
	for i := 1; i < len(errors); i++ {
		if want := n - errors[i-1] - 1; longest[i] != want {
			t.Errorf("sample %d has %d, want %d", i, longest[i], want)
		}
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	const d = 365 * 24 * time.Hour
	for _, i := range []int{0, 1, 333333, 999999, 1000000} {
		want := float64(d) * float64(i) / 1e6
		if got := load.Share(d, i, 1000000); math.Abs(float64(got)-want) > 1e6 {
			t.Errorf("%d millionths of a year are %v", i, got)
		}
	}
}

// The bars of the distribution have all answers, in classes of the same width.
func TestDistribution(t *testing.T) {
	t.Parallel()
	var h hist.Hist
	for range 30 {
		h.Add(150 * time.Microsecond)
	}
	for range 12 {
		h.Add(20 * time.Millisecond)
	}
	points := load.Distribution(&h).Lines[0].Points
	sum := 0.0
	for i, p := range points {
		sum += p.Y
		if i > 0 && math.Abs(p.X/points[i-1].X-math.Pow(10, 1.0/12)) > 1e-6 {
			t.Errorf("a bar reaches from %v to %v", points[i-1].X, p.X)
		}
	}
	if first, last := points[0], points[len(points)-1]; sum != 42 || first.X > 150e-6 || first.Y != 30 || last.X < 20e-3 || last.Y != 0 {
		t.Errorf("%v answers in the bars %v", sum, points)
	}
	if none := load.Distribution(new(hist.Hist)).Lines[0].Points; len(none) != 0 {
		t.Errorf("of nothing: %v", none)
	}
}
