package k6

import (
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"time"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/console"
	"github.com/airsocket/airsocket/bot/internal/metrics"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// core is the module k6.
func core(v *VU) goja.Value {
	r := v.Realm
	return v.exports(map[string]any{
		"check": r.Func("check", 2, func(_ goja.Value, args []goja.Value) goja.Value { return v.check(args) }),
		"group": r.Func("group", 2, func(_ goja.Value, args []goja.Value) goja.Value { return v.inGroup(args) }),
		"sleep": r.Func("sleep", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			v.sleep(after(realm.Arg(args, 0), time.Second))
			return goja.Undefined()
		}),
		"fail": r.Func("fail", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			text := "fail() was called"
			if a := realm.Arg(args, 0); !goja.IsUndefined(a) {
				text = r.Text(a)
			}
			v.fail("%s", text)
			return nil
		}),
		"randomSeed": r.Func("randomSeed", 1, func(_ goja.Value, args []goja.Value) goja.Value {
			seed := uint64(realm.Arg(args, 0).ToInteger())
			v.random = rand.New(rand.NewPCG(seed, seed))
			r.SetRandSource(v.random.Float64)
			return goja.Undefined()
		}),
	})
}

// check calls the functions of an object with a value, and counts those that return true.
func (v *VU) check(args []goja.Value) goja.Value {
	if v.Init {
		v.fail("check() cannot be called while the script itself runs: call it in a function")
	}
	value := realm.Arg(args, 0)
	set := realm.Arg(args, 1).ToObject(v.Realm.Runtime)
	tags := v.tags.With(v.tagsOf(realm.Arg(args, 2)))
	all := true
	for _, name := range set.Keys() {
		v.mustBeName("check", name)
		result := set.Get(name)
		if fn, ok := goja.AssertFunction(result); ok {
			v.mustNotBeAsync("check", result)
			var err error
			if result, err = fn(set, value); err != nil {
				v.noteCheck(name, false, tags)
				panic(err)
			}
		}
		if isPromise(result) {
			v.fail("check(): %s is a promise, which would always count as true: await it first", name)
		}
		passed := result.ToBoolean()
		v.noteCheck(name, passed, tags)
		all = all && passed
	}
	return v.Realm.ToValue(all)
}

func (v *VU) noteCheck(name string, ok bool, tags metrics.Tags) {
	n := 0.0
	if ok {
		n = 1
	}
	v.Test.Checks.Add(v.group, name, ok)
	v.Test.Builtin.Checks.Add(n, tags.With(metrics.Tags{"check": name}))
}

// maxName is how many bytes the name of a check has at most, and the names of all groups that a
// group is in.
const maxName = 1000

// mustBeName throws if a name is none of a check or a group. As in k6 the names of groups are
// joined by two colons.
func (v *VU) mustBeName(of, name string) {
	switch {
	case strings.Contains(name, "::"):
		v.fail("%s(): the name %.100q has two colons, which separate the names of groups", of, name)
	case len(name) > maxName:
		v.fail("%s(): a name has at most %d bytes, not %d", of, maxName, len(name))
	}
}

// mustNotBeAsync throws if a function is async: its promise would count as true, or be ignored.
func (v *VU) mustNotBeAsync(of string, fn goja.Value) {
	tag := fn.(*goja.Object).GetSymbol(goja.SymToStringTag)
	if tag != nil && strings.HasPrefix(tag.String(), "Async") {
		v.fail("%s() takes no async function: await its result first", of)
	}
}

func isPromise(value goja.Value) bool {
	o, ok := value.(*goja.Object)
	return ok && o.ExportType() == reflect.TypeFor[*goja.Promise]()
}

// maxTags is how many tags a script may give a sample.
const maxTags = 100

// tagsOf returns the tags that a script has passed in an object.
func (v *VU) tagsOf(value goja.Value) metrics.Tags {
	o, ok := value.(*goja.Object)
	if !ok {
		return nil
	}
	keys := o.Keys()
	if len(keys) > maxTags {
		v.fail("a sample has at most %d tags, not %d", maxTags, len(keys))
	}
	tags := make(metrics.Tags, len(keys))
	for _, key := range keys {
		tags[key] = v.tagValue(key, o.Get(key))
	}
	return tags
}

// tagValue converts what a script sets a tag to.
func (v *VU) tagValue(key string, value goja.Value) string {
	switch value.ExportType() {
	case stringType, boolType, intType, floatType:
		if _, ok := value.(*goja.Object); !ok {
			return v.Realm.Text(value)
		}
	}
	v.fail("the tag %.100q must be a text, a number, true or false", key)
	return ""
}

var (
	stringType = reflect.TypeFor[string]()
	boolType   = reflect.TypeFor[bool]()
	intType    = reflect.TypeFor[int64]()
	floatType  = reflect.TypeFor[float64]()
)

func (v *VU) inGroup(args []goja.Value) goja.Value {
	fn, ok := goja.AssertFunction(realm.Arg(args, 1))
	if !ok {
		v.fail("group() needs a function")
	}
	v.mustNotBeAsync("group", realm.Arg(args, 1))
	name := v.Realm.Text(realm.Arg(args, 0))
	v.mustBeName("group", name)
	if len(v.group)+2+len(name) > maxName {
		v.fail("group(): the names of a group and of those that it is in have at most %d bytes together", maxName)
	}
	before := v.setGroup(v.group + "::" + name)
	v.Test.Checks.NoteGroup(v.group)
	begun := time.Now()
	defer func() {
		v.Test.Builtin.GroupDuration.Add(milliseconds(time.Since(begun)), v.tags)
		v.setGroup(before)
	}()
	result, err := fn(goja.Undefined())
	if err != nil {
		panic(err)
	}
	return result
}

// sleep holds up the script, and with it the event loop of the VU, until the time has passed
// or the VU is stopped. It holds a goroutine.
func (v *VU) sleep(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-v.Context.Done():
	}
}

// metricsModule is the module k6/metrics.
func metricsModule(v *VU) goja.Value {
	members := make(map[string]any)
	for name, kind := range map[string]metrics.Kind{"Counter": metrics.Counter, "Gauge": metrics.Gauge, "Rate": metrics.Rate, "Trend": metrics.Trend} {
		members[name] = func(call goja.ConstructorCall) *goja.Object {
			if !v.Init {
				v.fail("new %s() can be called only while the script itself runs, not in a function", name)
			}
			contents := metrics.Default
			if call.Argument(1).ToBoolean() {
				contents = metrics.Time
			}
			m, err := v.Test.Metrics.New(v.Realm.Text(call.Argument(0)), kind, contents)
			if err != nil {
				v.fail("new %s(): %w", name, err)
			}
			call.This.Set("name", m.Name)
			call.This.Set("add", func(inner goja.FunctionCall) goja.Value {
				if v.Init {
					v.fail("%s.add() cannot be called while the script itself runs: call it in a function", m.Name)
				}
				n, ok := number(inner.Argument(0))
				if !ok {
					console.Key.In(v.Realm).Print("warn", m.Name+".add() was called with what is no number, and has added nothing")
					return v.Realm.ToValue(false)
				}
				m.Add(n, v.tags.With(v.tagsOf(inner.Argument(1))))
				return v.Realm.ToValue(true)
			})
			return nil
		}
	}
	return v.exports(members)
}

// number converts a sample: true counts as 1. As in k6 null is no number.
func number(value goja.Value) (n float64, ok bool) {
	if _, isSymbol := value.(*goja.Symbol); isSymbol || goja.IsNull(value) {
		return 0, false
	}
	n = value.ToFloat()
	return n, !math.IsNaN(n) && !math.IsInf(n, 0)
}

// after converts a number of units of time. What is longer than can be waited for is cut.
func after(value goja.Value, unit time.Duration) time.Duration {
	n := value.ToFloat() * float64(unit)
	if math.IsNaN(n) {
		return 0
	}
	return time.Duration(min(max(n, 0), math.MaxInt64/2))
}
