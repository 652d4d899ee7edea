package k6

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// A module makes what a script imports.
type module func(v *VU) goja.Value

// builtin are the modules by name.
var builtin = map[string]module{
	"k6":                         core,
	"k6/metrics":                 metricsModule,
	"k6/websockets":              websockets,
	"k6/experimental/websockets": websockets,
	"k6/ws":                      ws,
	"k6/execution":               execution,
	"k6/timers":                  timersModule,
	"k6/experimental/timers":     timersModule,
	"k6/encoding":                encoding,
	"k6/crypto":                  crypto,
	"k6/data":                    data,
	"k6/http":                    httpModule,
	"airsocket/expect":           expect,
	utils:                        utilsModule,
	summary:                      summaryModule,
}

// These are how the names of libraries begin, in any version.
const (
	jslib   = "https://jslib.k6.io/"
	utils   = jslib + "k6-utils/"
	summary = jslib + "k6-summary/"
)

// ErrModule is the error for a module of k6 that is not there.
var ErrModule = errors.New("this module of k6 is not there")

// Imports returns the source of a module, as bot.CompileFile wants it: it calls a function that
// VU.SetUp defines, also for the modules of k6 that are missing, about which that says so.
func Imports(name string) (source string, ok bool) {
	known := builtin[name] != nil || strings.HasPrefix(name, "k6/") || strings.HasPrefix(name, jslib)
	for _, library := range []string{utils, summary} {
		if strings.HasPrefix(name, library) {
			name = library
		}
	}
	return "module.exports = " + loader + "(" + strconv.Quote(name) + ")", known
}

// loader is the name of the function by which a script gets a module.
const loader = "__k6"

// require returns a module, which it makes once.
func (v *VU) require(name string) (goja.Value, error) {
	if m, ok := v.modules[name]; ok {
		return m, nil
	}
	build := builtin[name]
	if build == nil {
		return nil, fmt.Errorf("%s: %w", name, ErrModule)
	}
	m := build(v)
	if v.modules == nil {
		v.modules = make(map[string]goja.Value)
	}
	v.modules[name] = m
	return m, nil
}

// exports returns an object with functions and values, which is also its own default export.
func (v *VU) exports(members map[string]any) goja.Value {
	o := v.Realm.NewObject()
	for name, m := range members {
		o.Set(name, m)
	}
	return o
}

var (
	//go:embed js/expect.js
	expectSource  string
	expectProgram = goja.MustCompile("airsocket/expect", expectSource, true)

	//go:embed js/utils.js
	utilsSource  string
	utilsProgram = goja.MustCompile("k6-utils", utilsSource, true)
)

// script runs a module that is written in JavaScript: a function of what it needs.
func (v *VU) script(p *goja.Program, args ...goja.Value) goja.Value {
	f, err := v.Realm.RunProgram(p)
	if err != nil {
		panic(err)
	}
	fn, _ := goja.AssertFunction(f)
	m, err := fn(goja.Undefined(), args...)
	if err != nil {
		panic(err)
	}
	return m
}

func expect(v *VU) goja.Value {
	b := v.Test.Builtin
	return v.script(expectProgram, v.Realm.ToValue(func(ok bool, waited float64) {
		n := 0.0
		if ok {
			n = 1
		}
		b.Expects.Add(n, v.tags)
		b.Waiting.Add(waited, v.tags)
	}), v.Realm.ToValue(v.Realm.Elapsed))
}

func utilsModule(v *VU) goja.Value {
	return v.script(utilsProgram, v.Realm.ToValue(v.random.Float64))
}

// summaryModule has the function by which scripts show the report in handleSummary.
func summaryModule(v *VU) goja.Value {
	return v.exports(map[string]any{"textSummary": func() string {
		if v.Test.Summary == nil {
			return ""
		}
		return v.Test.Summary()
	}})
}

func timersModule(v *VU) goja.Value {
	members := make(map[string]any)
	for _, name := range []string{"setTimeout", "setInterval", "clearTimeout", "clearInterval"} {
		members[name] = v.Realm.GlobalObject().Get(name)
	}
	return v.exports(members)
}
