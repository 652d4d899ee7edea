// Package console has the object console of scripts (Console standard).
package console

import (
	"strings"

	"github.com/airsocket/airsocket/bot/internal/realm"
	"github.com/dop251/goja"
)

// Key is the place of the function that prints the lines of a Realm.
var Key = realm.NewKey(func(*realm.Realm) *Console { return &Console{} })

// A Console prints what a script writes.
type Console struct {
	// Print is called with the level, such as "log", and a text, which may have several
	// lines.
	Print func(level, text string)
}

// Globals is the object console.
var Globals = []realm.Global{{Name: "console", Build: build}}

func build(r *realm.Realm) goja.Value {
	o := r.NewObject()
	for _, level := range []string{"log", "info", "warn", "error", "debug"} {
		o.Set(level, r.Func(level, 0, func(_ goja.Value, args []goja.Value) goja.Value {
			words := make([]string, len(args))
			for i, v := range args {
				words[i] = v.String()
			}
			Key.In(r).Print(level, strings.Join(words, " "))
			return goja.Undefined()
		}))
	}
	return o
}
