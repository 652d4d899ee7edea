// Package crypto has the random numbers of scripts (Web Cryptography, section 10), and
// performance.now (High Resolution Time).
package crypto

import (
	"crypto/rand"
	"fmt"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/events"
	"github.com/airsocket/airsocket/bot/internal/realm"
)

// maxRandom is the number of bytes that getRandomValues fills at once.
const maxRandom = 65536

// Globals are the objects crypto and performance, and their classes.
var Globals = []realm.Global{
	cryptoClass.Global(),
	performanceClass.Global(),
	{Name: "crypto", Build: func(r *realm.Realm) goja.Value { return r.Wrap(cryptoClass, new(random)) }},
	{Name: "performance", Build: func(r *realm.Realm) goja.Value { return r.Wrap(performanceClass, new(clock)) }},
}

// random is the state of a Crypto.
type random struct{ realm.Object }

var cryptoClass = &realm.Class{
	Name: "Crypto",
	Operations: []realm.Operation{
		realm.Op("getRandomValues", 1, func(r *realm.Realm, _ *random, args []goja.Value) goja.Value { return fill(r, args) }),
		realm.Op("randomUUID", 0, func(r *realm.Realm, _ *random, _ []goja.Value) goja.Value { return r.ToValue(uuid()) }),
	},
}

// clock is the state of a Performance.
type clock struct{ realm.Object }

var performanceClass = &realm.Class{
	Name: "Performance",
	Attributes: []realm.Attribute{
		realm.Attr("timeOrigin", func(r *realm.Realm, _ *clock) goja.Value { return r.ToValue(float64(r.Start.UnixMicro()) / 1000) }, nil),
	},
	Operations: []realm.Operation{
		realm.Op("now", 0, func(r *realm.Realm, _ *clock, _ []goja.Value) goja.Value { return r.ToValue(r.Elapsed()) }),
	},
}

func fill(r *realm.Realm, args []goja.Value) goja.Value {
	array := realm.Arg(args, 0)
	data, _ := r.Bytes(array)
	switch kind := realm.ViewOf(array); {
	case kind == "":
		panic(r.NewTypeError("Failed to execute 'getRandomValues' on 'Crypto': parameter 1 is not of type 'ArrayBufferView'."))
	case kind == "Float32Array" || kind == "Float64Array" || kind == "DataView":
		events.Throw(r, "TypeMismatchError", "Failed to execute 'getRandomValues' on 'Crypto': The provided ArrayBufferView is of type '"+kind+"', which is not an integer array type.")
	case len(data) > maxRandom:
		events.Throw(r, "QuotaExceededError", fmt.Sprintf("Failed to execute 'getRandomValues' on 'Crypto': The ArrayBufferView's byte length (%d) exceeds the number of bytes of entropy available via this API (%d).", len(data), maxRandom))
	}
	rand.Read(data)
	return array
}

// uuid returns a UUID of version 4 (RFC 9562, section 5.4).
func uuid() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
