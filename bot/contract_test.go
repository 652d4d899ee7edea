package bot_test

import (
	"context"
	"errors"
	"testing"

	"github.com/airsocket/airsocket/bot"
)

// TestMisuse checks what Start, Run, Wait and Stop do in an order that is of no use.
func TestMisuse(t *testing.T) {
	p, err := bot.Compile("a.js", []byte(`console.log("runs"); setInterval(() => bot.exit(3), 1)`))
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("why")
	done, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	exit := new(bot.ExitError)
	for name, c := range map[string]struct {
		use  func(b *bot.Bot) error
		runs int
		want error // nil means that of bot.exit
	}{
		"Run":                {func(b *bot.Bot) error { return b.Run(t.Context()) }, 1, nil},
		"Run twice":          {func(b *bot.Bot) error { b.Run(t.Context()); return b.Run(t.Context()) }, 1, bot.ErrStarted},
		"Start twice":        {func(b *bot.Bot) error { b.Start(); b.Start(); return b.Wait() }, 1, nil},
		"Start, then Run":    {func(b *bot.Bot) error { b.Start(); err := b.Run(t.Context()); b.Wait(); return err }, 1, bot.ErrStarted},
		"Wait twice":         {func(b *bot.Bot) error { b.Start(); b.Wait(); return b.Wait() }, 1, nil},
		"Wait without Start": {func(b *bot.Bot) error { return b.Wait() }, 0, bot.ErrNotStarted},
		"Stop before Start":  {func(b *bot.Bot) error { b.Stop(why); b.Start(); return b.Wait() }, 0, why},
		"Stop, then Wait":    {func(b *bot.Bot) error { b.Stop(why); return b.Wait() }, 0, why},
		"Stop twice":         {func(b *bot.Bot) error { b.Stop(why); b.Stop(nil); return b.Run(t.Context()) }, 0, why},
		"Stop after the end": {func(b *bot.Bot) error { err := b.Run(t.Context()); b.Stop(why); return err }, 1, nil},
		"context done":       {func(b *bot.Bot) error { return b.Run(done) }, 0, why},
	} {
		t.Run(name, func(t *testing.T) {
			printed := new(lines)
			err := c.use(bot.New(p, &bot.Options{Console: printed.print}))
			if len(printed.all()) != c.runs || c.want != nil && err != c.want || c.want == nil && !errors.As(err, &exit) {
				t.Errorf("the error is %v, and the script has run %d times", err, len(printed.all()))
			}
		})
	}
}

// TestFailedSetup checks that nothing is left of what Setup has begun when it fails.
func TestFailedSetup(t *testing.T) {
	why := errors.New("why")
	_, err := run(t, "a.js", `console.log("runs")`, &bot.Options{Setup: func(b *bot.Bot) error {
		if _, err := b.Runtime().RunString(`setInterval(() => {}, 1000)`); err != nil {
			return err
		}
		return why
	}})
	if err != why {
		t.Errorf("Run has returned %v", err)
	}
}

// TestExportsOfScript checks that a script that is no module exports nothing.
func TestExportsOfScript(t *testing.T) {
	for source, want := range map[string]bool{`var a = 1`: false, `export {}`: true, `export const a = 1; throw 1`: false} {
		p, err := bot.Compile("a.js", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		b := bot.New(p, &bot.Options{OnError: func(error) {}})
		b.Run(t.Context())
		if b.Exports() != nil != want {
			t.Errorf("%s exports %v", source, b.Exports())
		}
	}
}

// TestTry checks what Try returns.
func TestTry(t *testing.T) {
	p, err := bot.Compile("a.js", []byte(`var object = { get x() { throw new RangeError("no") } }`))
	if err != nil {
		t.Fatal(err)
	}
	b := bot.New(p, nil)
	if err := b.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	why := errors.New("why")
	b.Dispatcher().Run(func() {
		thrown := new(bot.Error)
		if err := b.Try(func() { b.Runtime().Get("object").ToObject(b.Runtime()).Get("x") }); !errors.As(err, &thrown) {
			t.Errorf("Try has returned %v", err)
		}
		if err := b.Try(func() {}); err != nil {
			t.Errorf("Try has returned %v", err)
		}
		if err := b.Try(func() { panic(why) }); !errors.Is(err, why) {
			t.Errorf("Try has returned %v", err)
		}
	})
	if err := b.Wait(); !errors.Is(err, why) {
		t.Errorf("Wait has returned %v", err)
	}
}
