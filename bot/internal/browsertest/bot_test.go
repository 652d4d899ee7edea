package browsertest

import (
	"errors"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// TestBot runs the scripts in a bot, and compares what it prints with what Chromium has
// printed, but for the differences.
func TestBot(t *testing.T) {
	for _, script := range scripts(t) {
		t.Run(name(script), func(t *testing.T) {
			t.Parallel()
			want, _ := expected(t, script)
			compare(t, "the bot", inBot(t, script), want)
		})
	}
}

// errDone is why a bot ends whose script calls done.
var errDone = errors.New("the script has called done")

// inBot returns what a script prints in a bot.
func inBot(t *testing.T, script string) string {
	t.Helper()
	s := serve(t, script)
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	program, err := bot.Compile(filepath.Base(script), text)
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	b := bot.New(program, &bot.Options{
		URL:    s.page(),
		Socket: &airsocket.Options{Jar: jar},
		Setup: func(b *bot.Bot) error {
			engine := b.Runtime()
			for name, value := range map[string]any{
				"httpURL": "http://" + s.address, "wsURL": "ws://" + s.address, "closedURL": "ws://" + s.closed,
				"done": func() { b.Stop(errDone) },
				"print": func(call goja.FunctionCall) goja.Value {
					for i, v := range call.Arguments {
						if i > 0 {
							printed.WriteByte(' ')
						}
						printed.WriteString(v.String())
					}
					printed.WriteByte('\n')
					return goja.Undefined()
				},
			} {
				if err := engine.Set(name, value); err != nil {
					return err
				}
			}
			prelude, err := os.ReadFile("testdata/prelude/prelude.js")
			if err != nil {
				return err
			}
			_, err = engine.RunScript("prelude.js", string(prelude))
			return err
		},
		OnError: func(err error) {
			what, value := "uncaught", ""
			if rejection, ok := errors.AsType[*realm.RejectionError](err); ok {
				what, value = "rejected", rejection.Reason.String()
			} else if thrown, ok := errors.AsType[*goja.Exception](err); ok {
				value = thrown.Value().String()
			} else {
				value = err.Error()
			}
			printed.WriteString(what + " " + value + "\n")
		},
	})
	watchdog := time.AfterFunc(patience/2, func() { b.Stop(errors.New("the script does not end")) })
	defer watchdog.Stop()
	if err := b.Run(t.Context()); err != nil && !errors.Is(err, errDone) {
		var exception *goja.Exception
		var rejection *realm.RejectionError
		if !errors.As(err, &exception) && !errors.As(err, &rejection) { // else it is printed
			t.Error(err)
		}
	}
	return s.mask(printed.String())
}
