// Package console has the object console of scripts (Console standard). What it prints looks
// as in the console of a browser, as far as text can.
package console

import (
	"fmt"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// Key is the place of the Console of a Realm.
var Key = realm.NewKey(func(*realm.Realm) *Console { return new(Console) })

// A Console prints what a script writes.
type Console struct {
	// Print is called with the method, such as "log", and a text, which may have several
	// lines.
	Print func(method, text string)

	indent string // of the groups that are open
	counts map[string]int
	timers map[string]time.Time
}

// maxDepth is the number of groups that may be open, and maxLabels that of counters and of
// timers.
const (
	maxDepth  = 100
	maxLabels = 1000
)

// Globals is the object console.
var Globals = []realm.Global{{Name: "console", Build: build}}

type method = func(c *Console, r *realm.Realm, args []goja.Value)

var methods = map[string]method{
	"log":            logger("log"),
	"info":           logger("info"),
	"debug":          logger("debug"),
	"warn":           logger("warn"),
	"error":          logger("error"),
	"dirxml":         logger("log"),
	"assert":         assert,
	"clear":          func(*Console, *realm.Realm, []goja.Value) {},
	"count":          count,
	"countReset":     func(c *Console, _ *realm.Realm, args []goja.Value) { delete(c.counts, labelOf(args)) },
	"dir":            func(c *Console, r *realm.Realm, args []goja.Value) { c.print("log", inspect(r, realm.Arg(args, 0))) },
	"group":          group,
	"groupCollapsed": group,
	"groupEnd":       func(c *Console, _ *realm.Realm, _ []goja.Value) { c.indent = strings.TrimPrefix(c.indent, "  ") },
	"table":          table,
	"time":           start,
	"timeEnd":        func(c *Console, r *realm.Realm, args []goja.Value) { c.elapsed(r, args, true) },
	"timeLog":        func(c *Console, r *realm.Realm, args []goja.Value) { c.elapsed(r, args, false) },
	"trace":          trace,
}

func build(r *realm.Realm) goja.Value {
	c := Key.In(r)
	o := &lazy{realm: r, console: c}
	return r.NewDynamicObject(o)
}

// lazy is the object console. It makes a method when the script first uses it.
type lazy struct {
	realm   *realm.Realm
	console *Console
	made    map[string]goja.Value
}

// Get and the following methods make lazy a goja.DynamicObject.
func (l *lazy) Get(name string) goja.Value {
	if v := l.made[name]; v != nil {
		return v
	}
	m, ok := methods[name]
	if !ok {
		return nil
	}
	v := l.realm.Func(name, 0, func(_ goja.Value, args []goja.Value) goja.Value {
		m(l.console, l.realm, args)
		return goja.Undefined()
	})
	l.Set(name, v)
	return v
}

func (l *lazy) Set(name string, v goja.Value) bool {
	if l.made == nil {
		l.made = make(map[string]goja.Value)
	}
	l.made[name] = v
	return true
}

func (l *lazy) Has(name string) bool { return l.made[name] != nil || methods[name] != nil }

func (l *lazy) Delete(name string) bool { return l.Set(name, goja.Undefined()) }

func (l *lazy) Keys() []string {
	var names []string
	for name := range methods {
		names = append(names, name)
	}
	return names
}

func (c *Console) print(method, text string) {
	var l line
	for part := range strings.SplitAfterSeq(text, "\n") {
		if !l.add(c.indent) || !l.add(part) {
			break
		}
	}
	c.Print(method, l.String())
}

func logger(name string) method {
	return func(c *Console, r *realm.Realm, args []goja.Value) { c.print(name, format(r, args)) }
}

func assert(c *Console, r *realm.Realm, args []goja.Value) {
	if realm.Arg(args, 0).ToBoolean() {
		return
	}
	text := "Assertion failed"
	if len(args) > 1 {
		text += ": " + format(r, args[1:])
	}
	c.print("error", text)
}

// labelOf returns the label of a counter or timer.
func labelOf(args []goja.Value) string {
	if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
		return shorten(v.String())
	}
	return "default"
}

func count(c *Console, _ *realm.Realm, args []goja.Value) {
	label := labelOf(args)
	if c.counts == nil {
		c.counts = make(map[string]int)
	}
	if _, ok := c.counts[label]; !ok && len(c.counts) >= maxLabels {
		c.print("warn", "There are too many counters.")
		return
	}
	c.counts[label]++
	c.print("info", fmt.Sprintf("%s: %d", label, c.counts[label]))
}

func group(c *Console, r *realm.Realm, args []goja.Value) {
	if len(args) > 0 {
		c.print("log", format(r, args))
	}
	if len(c.indent) < 2*maxDepth {
		c.indent += "  "
	}
}

func start(c *Console, _ *realm.Realm, args []goja.Value) {
	label := labelOf(args)
	if c.timers == nil {
		c.timers = make(map[string]time.Time)
	}
	_, ok := c.timers[label]
	switch {
	case ok:
		c.print("warn", "Timer '"+label+"' already exists")
	case len(c.timers) >= maxLabels:
		c.print("warn", "There are too many timers.")
	default:
		c.timers[label] = time.Now()
	}
}

// elapsed prints the time since start, and ends the timer if last is true.
func (c *Console) elapsed(r *realm.Realm, args []goja.Value, last bool) {
	label := labelOf(args)
	began, ok := c.timers[label]
	if !ok {
		c.print("warn", "Timer '"+label+"' does not exist")
		return
	}
	text := fmt.Sprintf("%s: %.3f ms", label, time.Since(began).Seconds()*1000)
	if len(args) > 1 {
		text += " " + format(r, args[1:])
	}
	c.print("log", text)
	if last {
		delete(c.timers, label)
	}
}

func trace(c *Console, r *realm.Realm, args []goja.Value) {
	text := "Trace"
	if len(args) > 0 {
		text += ": " + format(r, args)
	}
	c.print("trace", text+r.StackTrace())
}
