package replay

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
)

// journalOf returns a recording. Each event is a number of milliseconds, and an event
// without its time and connection.
func journalOf(events ...any) string {
	var b strings.Builder
	for i := 0; i < len(events); i += 2 {
		at := time.Unix(0, 0).Add(time.Duration(events[i].(int)) * time.Millisecond).UTC()
		fmt.Fprintf(&b, "{\"time\":%q,%s}\n", at.Format(time.RFC3339Nano), events[i+1])
	}
	return b.String()
}

const opened = `"type":"open","url":"ws://a/"`

func out(text string) string { return message("out", text) }
func in(text string) string  { return message("in", text) }

func message(direction, text string) string {
	data, _ := json.Marshal(text)
	return fmt.Sprintf(`"type":"message","direction":%q,"data":%s`, direction, data)
}

// play replays a recording with flags to a server that answers each message after a delay,
// in a bubble. It returns when the server got what, the output and the exit code.
func play(t *testing.T, recording string, delay time.Duration, flags ...string) (got, output string, code int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		server := new(airsocket.Dispatcher)
		begin := time.Now()
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			server.Run(func() {
				s := airsocket.NewSocket(&airsocket.Options{Dispatcher: server})
				s.OnMessage(func(e *airsocket.MessageEvent) {
					got += fmt.Sprintf("%v %s, ", time.Since(begin), e.Text())
					if text, ok := strings.CutPrefix(e.Text(), "?"); ok {
						server.SetTimeout(func() { s.Send(text) }, delay)
					}
				})
				s.OnClose(func(e *airsocket.CloseEvent) { got += fmt.Sprintf("%v close %d", time.Since(begin), e.Code) })
				s.StartServer(there)
			})
		}()
		fs := flag.NewFlagSet("replay", flag.ContinueOnError)
		c := newConfig(fs)
		if err := fs.Parse(flags); err != nil {
			t.Fatal(err)
		}
		if err := c.resolve([]string{"-", "ws://a/"}, nil); err != nil {
			t.Fatal(err)
		}
		steps, err := c.readScript(strings.NewReader(recording))
		if err != nil {
			t.Fatal(err)
		}
		c.Options.Dial = func(context.Context, string, string) (net.Conn, error) { return here, nil }
		var stdout strings.Builder
		code, err = newPlayer(c, steps, &command.Std{Out: &stdout, Err: io.Discard}).run(t.Context())
		if err != nil {
			t.Error(err)
		}
		<-ended
		output = stdout.String()
	})
	return got, output, code
}

func TestTimes(t *testing.T) {
	t.Parallel()
	plain := journalOf(0, opened, 500, out("a"), 2000, out("b"), 3000, `"type":"close","direction":"out","code":3000,"clean":true`)
	// The answer took 100 ms; c was sent 400 ms after it.
	asked := journalOf(0, opened, 1000, out("?b"), 1100, in("b"), 1500, out("c"), 2000, `"type":"close","direction":"out","code":1000,"clean":true`)
	for _, test := range []struct {
		recording string
		delay     time.Duration
		flags     string
		want      string
		code      int
	}{
		{plain, 0, "", "500ms a, 2s b, 3s close 3000", 0},
		{plain, 0, "-speed 2", "250ms a, 1s b, 1.5s close 3000", 0},
		{plain, 0, "-speed 0.5", "1s a, 4s b, 6s close 3000", 0},
		// The clock was set back.
		{journalOf(0, opened, 500, out("a"), 200, out("b"), 700, `"type":"close","direction":"out","code":1000`), 0, "", "500ms a, 500ms b, 700ms close 1000", 0},
		{plain, 0, "-speed max", "0s a, 0s b, 0s close 3000", 0},
		{asked, 100 * time.Millisecond, "", "1s ?b, 1.5s c, 2s close 1000", 0},
		// A faster answer changes nothing, and a later one delays what follows.
		{asked, time.Millisecond, "", "1s ?b, 1.5s c, 2s close 1000", 0},
		{asked, 3100 * time.Millisecond, "", "1s ?b, 4.5s c, 5s close 1000", 0},
		{asked, 3100 * time.Millisecond, "-speed 10", "100ms ?b, 3.24s c, 3.29s close 1000", 0},
		{asked, 3100 * time.Millisecond, "-speed max", "0s ?b, 3.1s c, 3.1s close 1000", 0},
		// An answer that does not come is given up.
		{asked, time.Hour, "", "1s ?b, 6.5s c, 7s close 1000", 7},
		{asked, time.Hour, "-wait 1", "1s ?b, 2.5s c, 3s close 1000", 7},
		{asked, time.Hour, "-speed max -wait 200ms", "0s ?b, 300ms c, 300ms close 1000", 7},
	} {
		got, output, code := play(t, test.recording, test.delay, strings.Fields(test.flags)...)
		if got != test.want || code != test.code {
			t.Errorf("%s, answers after %v: got %s and exit code %d, want %s and %d\n%s", test.flags, test.delay, got, code, test.want, test.code, output)
		}
		if test.code != 0 && !strings.Contains(output, "line 3, recorded at 1.100s: did not come\n  expected text \"b\"\n") {
			t.Errorf("%s, answers after %v: %s", test.flags, test.delay, output)
		}
	}
}

// A recording without a close ends with the last event.
func TestNoClose(t *testing.T) {
	t.Parallel()
	got, output, code := play(t, journalOf(0, opened, 10, out("?a"), 20, in("a")), 0)
	if got != "10ms ?a, 10ms close 1000" || code != 0 || output != "the same: 1 done, 2 received\n" {
		t.Errorf("got %s, exit code %d, %s", got, code, output)
	}
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100)
	closed := `"type":"close","direction":"in","code":1000,"clean":true`
	for _, test := range []struct{ recording, flags, want string }{
		{journalOf(0, opened, 1, out("?a"), 2, in("b")), "",
			"line 3, recorded at 0.002s, came at 0.001s: differs\n  expected text \"b\"\n  got      text \"a\"\ndifferent in 1 place: 1 done, 2 received\n"},
		{journalOf(0, opened, 1, out("?"+long+"a"), 2, in(long+"b")), "",
			"  expected text, 101 bytes, from byte 21: \"" + strings.Repeat("x", 79) + "b\"\n"},
		{journalOf(0, opened, 1, out("?a"), 2, out("?b"), 3, out("?c"), 4, in("a"), 5, in("c"), 6, closed), "-wait 1",
			"after line 5, at 0.002s: was not expected\n  got      text \"b\"\nline 7, recorded at 0.006s: did not come\n  expected close 1000 \"\"\ndifferent in 2 places: 3 done, 4 received\n"},
		{journalOf(0, opened, 1, out("?a\x00"), 2, `"type":"message","direction":"in","binary":true,"data":"YQA="`), "",
			"  expected binary 0x6100\n  got      text \"a\\x00\"\n"},
		{journalOf(0, `"type":"open","subprotocols":["p"],"subprotocol":"p"`, 1, out("a")), "",
			"  expected open, with the subprotocol \"p\"\n  got      open, with the subprotocol \"\"\n"},
		{journalOf(0, opened, 1, out("?id 7 at 8"), 2, in("id 5 at 66")), "-ignore [0-9]+", "the same: 1 done, 2 received\n"},
		{journalOf(0, opened, 1, out("?id 7 at 8"), 2, in("id 5 to 66")), "-ignore [0-9]+ -ignore id",
			"  expected text \"<ignored> <ignored> to <ignored>\"\n  got      text \"<ignored> <ignored> at <ignored>\"\n"},
		// Pings are answered, and their answers compared if there are some.
		{journalOf(0, opened, 1, `"type":"ping","direction":"out","data":"p"`, 2, `"type":"pong","direction":"in","data":"p"`), "", "the same: 1 done, 2 received\n"},
		{journalOf(0, opened, 1, `"type":"ping","direction":"out","data":"p"`, 2, `"type":"pong","direction":"in","data":"q"`), "",
			"  expected pong \"q\"\n  got      pong \"p\"\n"},
		{journalOf(0, opened, 1, `"type":"ping","direction":"out","data":"p"`, 2, `"type":"pong","direction":"in","data":"q"`), "-ignore-pings", "the same: 1 done, 1 received\n"},
		{journalOf(0, opened, 1, `"type":"ping","direction":"out","data":"p"`), "", "the same: 1 done, 1 received\n"},
		{journalOf(0, opened, 1, `"type":"ping","direction":"in","data":"p"`, 2, `"type":"pong","direction":"out","data":"p"`, 3, `"type":"pong","direction":"out","data":"p"`), "-wait 1",
			"expected ping \"p\"\ndifferent in 1 place: 1 done, 1 received\n"},
	} {
		_, output, _ := play(t, test.recording, 0, strings.Fields(test.flags)...)
		if !strings.HasSuffix(output, test.want) && !strings.Contains(output, test.want) {
			t.Errorf("%s%s\ngot  %s\nwant %s", test.recording, test.flags, output, test.want)
		}
	}
}
