package k6

import (
	"time"

	"github.com/dop251/goja"
)

// execution is the module k6/execution.
func execution(v *VU) goja.Value {
	r := v.Realm
	object := func(attributes map[string]func() any) *goja.Object {
		o := r.NewObject()
		for name, get := range attributes {
			getter := r.ToValue(func(goja.FunctionCall) goja.Value { return r.ToValue(get()) })
			o.DefineAccessorProperty(name, getter, nil, goja.FLAG_TRUE, goja.FLAG_TRUE)
		}
		return o
	}
	scenario := func() *Scenario {
		if v.Scenario == nil {
			v.fail("there is a scenario only in its functions")
		}
		return v.Scenario
	}
	b := v.Test.Builtin
	m := r.NewObject()
	m.Set("scenario", object(map[string]func() any{
		"name":                func() any { return scenario().Name },
		"executor":            func() any { return scenario().Executor },
		"startTime":           func() any { return scenario().Begun.UnixMilli() },
		"progress":            func() any { return scenario().Progress() },
		"iterationInInstance": func() any { return v.InScenario },
		"iterationInTest":     func() any { return v.InScenario },
	}))
	m.Set("instance", object(map[string]func() any{
		"iterationsCompleted":   func() any { s := b.Iterations.Sink(); return int64(s.Sum) },
		"iterationsInterrupted": func() any { return v.Test.Interrupted.Load() },
		"vusActive":             func() any { s := b.VUs.Sink(); return int64(s.Last) },
		"vusInitialized":        func() any { s := b.VUsMax.Sink(); return int64(s.Last) },
		"currentTestRunDuration": func() any {
			return milliseconds(time.Since(v.Test.Begun))
		},
	}))
	test := object(map[string]func() any{
		"options": func() any { return v.Parse(v.Test.Options) },
	})
	test.Set("abort", func(call goja.FunctionCall) goja.Value {
		reason := "the script has called test.abort()"
		if text := option(call.Argument(0)); text != "" {
			reason += ": " + text
		}
		v.Aborted = true
		v.Test.Abort(reason)
		r.Interrupt(reason) // which the script cannot catch
		return goja.Undefined()
	})
	test.Set("fail", func(call goja.FunctionCall) goja.Value {
		v.Test.MarkFailed(option(call.Argument(0)))
		return goja.Undefined()
	})
	m.Set("test", test)
	vu := object(map[string]func() any{
		"idInInstance":        func() any { return v.Number },
		"idInTest":            func() any { return v.Number },
		"iterationInInstance": func() any { return v.Iteration },
		"iterationInScenario": func() any { return v.Iteration },
	})
	tags := r.NewDynamicObject(tagsObject{v})
	vu.Set("tags", tags)
	metrics := r.NewObject()
	metrics.Set("tags", tags)
	vu.Set("metrics", metrics)
	m.Set("vu", vu)
	return m
}

// A tagsObject shows the tags of a VU to its script, which may set some.
type tagsObject struct{ vu *VU }

func (t tagsObject) Get(key string) goja.Value {
	if value, ok := t.vu.tags[key]; ok {
		return t.vu.Realm.ToValue(value)
	}
	return nil
}

func (t tagsObject) Set(key string, value goja.Value) bool {
	if len(t.vu.tags) >= maxTags && !t.Has(key) {
		t.vu.fail("a VU has at most %d tags", maxTags)
	}
	t.vu.tags = t.vu.tags.With(map[string]string{key: t.vu.tagValue(key, value)})
	return true
}

func (t tagsObject) Has(key string) bool {
	_, ok := t.vu.tags[key]
	return ok
}

func (t tagsObject) Delete(key string) bool {
	all := map[string]string{}
	for k, value := range t.vu.tags {
		if k != key {
			all[k] = value
		}
	}
	t.vu.tags = all
	return true
}

func (t tagsObject) Keys() []string {
	var keys []string
	for k := range t.vu.tags {
		keys = append(keys, k)
	}
	return keys
}
