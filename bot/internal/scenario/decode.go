package scenario

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/airsocket/airsocket/bot/internal/k6"
)

// decode decodes JSON. Its errors say in words of the script what is wrong.
func decode(data []byte, to any) error {
	err := json.Unmarshal(data, to)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return mustBe(map[reflect.Kind]string{
			reflect.String: "a text", reflect.Bool: "true or false", reflect.Slice: "an array",
		}[e.Type.Kind()], data)
	}
	return err
}

func mustBe(what string, data []byte) error {
	return fmt.Errorf("it must be %s, not %s", what, short(data))
}

// short returns the beginning of a text.
func short(data []byte) string {
	const most = 40
	if len(data) <= most {
		return string(data)
	}
	return strings.ToValidUTF8(string(data[:most]), "") + "…"
}

// decodeFields decodes the members of an object, and returns the names of those that belong
// nowhere. Errors begin with the name of the member.
func decodeFields(data []byte, to map[string]any) (unknown []string, err error) {
	var all map[string]json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		return nil, mustBe("an object", data)
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		field, ok := to[name]
		if !ok {
			unknown = append(unknown, name)
			continue
		}
		if err := decode(all[name], field); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return unknown, nil
}

// decodeKnown decodes the members of an object that has no others.
func decodeKnown(data []byte, to map[string]any) error {
	unknown, err := decodeFields(data, to)
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("there is no option %s", unknown[0])
	}
	return err
}

// An object is an object whose members are all of a type.
type object[T any] map[string]T

func (o *object[T]) UnmarshalJSON(data []byte) error {
	var all map[string]json.RawMessage
	if json.Unmarshal(data, &all) != nil {
		return mustBe("an object", data)
	}
	*o = make(object[T], len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		var member T
		if err := decode(all[name], &member); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		(*o)[name] = member
	}
	return nil
}

// A list is an array whose elements are all of a type.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(data []byte) error {
	var all []json.RawMessage
	if err := decode(data, &all); err != nil {
		return err
	}
	*l = make(list[T], len(all))
	for i, text := range all {
		if err := decode(text, &(*l)[i]); err != nil {
			return fmt.Errorf("element %d: %w", i, err)
		}
	}
	return nil
}

// A whole is a whole number, which may be given as a text, because variables of __ENV are.
type whole struct {
	n     int64
	given bool
}

func (w *whole) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	text := string(data)
	if data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return mustBe("a whole number", data)
	}
	*w = whole{n, true}
	return nil
}

// or returns the number, or another one if none was given.
func (w whole) or(other int64) int64 {
	if w.given {
		return w.n
	}
	return other
}

// A duration is a time: a text such as "1m30s", or a number of milliseconds.
type duration struct {
	time.Duration
	given bool
}

func (d *duration) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	text := string(data)
	if data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	parsed, err := k6.ParseDuration(text)
	switch {
	case err != nil:
		return fmt.Errorf("%s is %w", short(data), err)
	case parsed < 0 || parsed > maxTime:
		return fmt.Errorf("the time %s is negative, or longer than a year", short(data))
	}
	*d = duration{parsed, true}
	return nil
}

// or returns the duration, or another one if none was given.
func (d duration) or(other time.Duration) time.Duration {
	if d.given {
		return d.Duration
	}
	return other
}
