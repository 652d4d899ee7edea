package k6

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dop251/goja"
)

// Limits of the options of a script.
const (
	maxValues = 100_000 // of all objects and arrays
	maxDepth  = 20      // of objects in objects
)

var (
	errValues = fmt.Errorf("options have at most %d values", maxValues)
	errDepth  = fmt.Errorf("it is nested more than %d deep, or contains itself", maxDepth)
	errPlain  = errors.New("it must be a text, a number, true or false, a plain object, or an array of these")
)

// Options returns the options that a script exports as JSON, "" if it has none. An error names
// the option. JSON.stringify would take what is no option for null, or leave it out.
func (v *VU) Options(value goja.Value) (string, error) {
	if value == nil || goja.IsUndefined(value) || goja.IsNull(value) {
		return "", nil
	}
	left := maxValues
	options, err := v.plain(value, 0, &left)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(options)
	return string(text), err
}

// plain returns a value as encoding/json wants it. left is how many more there may be.
func (v *VU) plain(value goja.Value, depth int, left *int) (any, error) {
	*left--
	o, isObject := value.(*goja.Object)
	switch {
	case *left < 0:
		return nil, errValues
	case !isObject:
		return plainPrimitive(value)
	case depth > maxDepth:
		return nil, errDepth
	case o.ClassName() == "Array":
		return v.plainArray(o, depth, left)
	case o.ExportType().Kind() == reflect.Map, o.ExportType() == reflect.TypeFor[goja.Proxy]():
		return v.plainObject(o, depth, left)
	}
	return nil, errPlain
}

func plainPrimitive(value goja.Value) (any, error) {
	if _, ok := value.(*goja.Symbol); ok {
		return nil, errPlain
	}
	switch x := value.Export().(type) {
	case float64:
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("it is %v, which is no number", x)
		}
		return x, nil
	case *big.Int:
		return json.Number(x.String()), nil
	default:
		return x, nil
	}
}

func (v *VU) plainArray(o *goja.Object, depth int, left *int) (any, error) {
	n, err := v.get(o, "length")
	if err != nil {
		return nil, err
	}
	all := []any{}
	for i := range n.ToInteger() {
		value, err := v.get(o, fmt.Sprint(i))
		var item any
		if err == nil {
			item, err = v.plain(value, depth+1, left)
		}
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i, err)
		}
		all = append(all, item)
	}
	return all, nil
}

func (v *VU) plainObject(o *goja.Object, depth int, left *int) (any, error) {
	var keys []string
	if err := v.Realm.Failure(v.Realm.Protect(func() { keys = o.Keys() })); err != nil {
		return nil, err
	}
	all := make(map[string]any)
	for _, key := range keys {
		value, err := v.get(o, key)
		if err == nil && value != nil && !goja.IsUndefined(value) {
			all[key], err = v.plain(value, depth+1, left)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	return all, nil
}

// get returns a property, or what its getter throws.
func (v *VU) get(o *goja.Object, key string) (value goja.Value, err error) {
	if err := v.Realm.Failure(v.Realm.Protect(func() { value = o.Get(key) })); err != nil {
		return nil, err
	}
	if value == nil {
		value = goja.Undefined()
	}
	return value, nil
}

// ErrDuration is the error for a text that is no time.
var ErrDuration = errors.New(`not a time such as "10s" or "1m30s"`)

// ParseDuration parses a time as k6 does: as time.ParseDuration, with days before that, or a
// number of milliseconds.
func ParseDuration(text string) (time.Duration, error) {
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return milliDuration(n)
	}
	var days time.Duration
	if d, rest, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(d, 10, 16)
		if err != nil {
			return 0, ErrDuration
		}
		if days, text = time.Duration(n)*24*time.Hour, rest; rest == "" {
			return days, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, ErrDuration
	}
	return days + d, nil
}

// milliDuration returns a number of milliseconds as a duration.
func milliDuration(n float64) (time.Duration, error) {
	if ns := n * 1e6; math.Abs(ns) < math.MaxInt64 {
		return time.Duration(ns), nil
	}
	return 0, ErrDuration
}
