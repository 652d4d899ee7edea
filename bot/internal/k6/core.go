package k6

import (
	"math/rand/v2"
	"time"

	"github.com/dop251/goja"

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
			v.sleep(time.Duration(realm.Arg(args, 0).ToFloat() * float64(time.Second)))
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
	set, ok := realm.Arg(args, 1).(*goja.Object)
	if !ok {
		return v.Realm.ToValue(true)
	}
	tags := v.tags.With(v.tagsOf(realm.Arg(args, 2)))
	all := true
	for _, name := range set.Keys() {
		result := set.Get(name)
		if fn, ok := goja.AssertFunction(result); ok {
			var err error
			if result, err = fn(set, value); err != nil {
				v.noteCheck(name, false, tags)
				panic(err)
			}
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
		tags[key] = v.Realm.Text(o.Get(key))
	}
	return tags
}

func (v *VU) inGroup(args []goja.Value) goja.Value {
	fn, ok := goja.AssertFunction(realm.Arg(args, 1))
	if !ok {
		v.fail("group() needs a function")
	}
	before := v.setGroup(v.group + "::" + v.Realm.Text(realm.Arg(args, 0)))
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
				m.Add(number(inner.Argument(0)), v.tags.With(v.tagsOf(inner.Argument(1))))
				return v.Realm.ToValue(true)
			})
			return nil
		}
	}
	return v.exports(members)
}

// number converts a sample: true counts as 1.
func number(value goja.Value) float64 {
	if b, ok := value.Export().(bool); ok && b {
		return 1
	}
	return value.ToFloat()
}
