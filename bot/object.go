package bot

import (
	"fmt"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// An ExitError is returned by Run if the script has called bot.exit with a code other than 0.
type ExitError struct{ Code int }

// Error returns a text with the code.
func (e *ExitError) Error() string {
	return fmt.Sprintf("bot: the script has exited with code %d", e.Code)
}

// botKey is the place of the Bot in its Realm.
var botKey = realm.NewKey(func(*realm.Realm) *owner { return new(owner) })

type owner struct{ *Bot }

// botGlobals are the object bot, which has what scripts know about the program that runs
// them, and what browsers have that says little here.
var botGlobals = []realm.Global{{Name: "bot", Build: func(r *realm.Realm) goja.Value {
	b := botKey.In(r).Bot
	args := []any{}
	for _, a := range b.opts.Args {
		args = append(args, a)
	}
	o := r.NewObject()
	o.Set("number", b.opts.Number)
	o.Set("args", r.NewArray(args...))
	o.Set("exit", r.Func("exit", 0, func(_ goja.Value, args []goja.Value) goja.Value {
		code := 0
		if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
			code = int(v.ToInteger())
		}
		if code != 0 {
			b.Stop(&ExitError{code})
		} else {
			b.Stop(nil)
		}
		return goja.Undefined()
	}))
	return o
}}, {Name: "navigator", Build: func(r *realm.Realm) goja.Value {
	o := r.NewObject()
	o.Set("userAgent", "airsocket-bot")
	o.Set("platform", "") // as HTML permits
	o.Set("language", "en")
	o.Set("onLine", true)
	return o
}}, {Name: "self", Build: func(r *realm.Realm) goja.Value { return r.GlobalObject() }}}
