package console

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// MaxPrinted is how many bytes one call prints.
const MaxPrinted = 16 << 20

const cutOff = "… (a call of console prints at most 16 MiB)"

// A line collects what one call prints.
type line struct {
	strings.Builder
	full bool
}

// add adds text, and reports whether there is room for more.
func (l *line) add(text string) bool {
	if l.full {
		return false
	}
	if room := MaxPrinted - l.Len(); len(text) > room {
		l.full = true
		text = strings.ToValidUTF8(text[:room], "") + cutOff
	}
	l.WriteString(text)
	return !l.full
}

// string adds a string of the script, without the part for which there is no room.
func (l *line) string(s goja.String) bool {
	return !l.full && l.add(realm.Text(s, MaxPrinted+1-l.Len()))
}

// format joins arguments as console.log does: if the first is a string, each of its %s, %d,
// %i, %f, %o, %O, %c and %j takes one of the others.
func format(r *realm.Realm, args []goja.Value) string {
	var l line
	if len(args) == 0 {
		return ""
	}
	if pattern, ok := args[0].(goja.String); ok && len(args) > 1 {
		args = l.substitute(r, realm.Text(pattern, MaxPrinted+1), args[1:])
		if len(args) > 0 {
			l.add(" ")
		}
	}
	for i, v := range args {
		if i > 0 && !l.add(" ") {
			break
		}
		if s, ok := v.(goja.String); ok {
			l.string(s)
		} else {
			l.add(inspect(r, v))
		}
	}
	return l.String()
}

// substitute adds a pattern with arguments in it, and returns those that are left.
func (l *line) substitute(r *realm.Realm, pattern string, args []goja.Value) []goja.Value {
	for !l.full {
		before, after, found := strings.Cut(pattern, "%")
		l.add(before)
		if !found {
			break
		}
		verb := byte(0)
		if after != "" {
			verb = after[0]
		}
		switch {
		case verb == '%':
			l.add("%")
		case len(args) == 0 || verb == 0 || !strings.ContainsRune("sdifoOcj", rune(verb)):
			l.add("%")
			pattern = after
			continue
		default:
			l.directive(r, verb, args[0])
			args = args[1:]
		}
		pattern = after[1:]
	}
	return args
}

func (l *line) directive(r *realm.Realm, verb byte, v goja.Value) {
	_, isSymbol := v.(*goja.Symbol)
	switch _, isObject := v.(*goja.Object); {
	case verb == 'c':
	case (verb == 'd' || verb == 'i' || verb == 'f') && isSymbol:
		l.add("NaN")
	case verb == 'd' || verb == 'i':
		if f := v.ToFloat(); math.IsNaN(f) {
			l.add("NaN")
		} else {
			l.add(strconv.FormatFloat(math.Trunc(f), 'f', -1, 64))
		}
	case verb == 'f':
		l.add(v.ToNumber().String())
	case verb == 's' && !isObject:
		if s, ok := v.(goja.String); ok {
			l.string(s)
		} else {
			l.add(plain(v))
		}
	default:
		l.add(inspect(r, v))
	}
}

// The limits of what inspect shows of an object.
const (
	maxNesting = 3
	maxItems   = 100
	maxText    = 10_000
)

// The types of Go for some classes of the engine.
var (
	bufferType  = reflect.TypeFor[goja.ArrayBuffer]()
	mapType     = reflect.TypeFor[[][2]any]()
	promiseType = reflect.TypeFor[*goja.Promise]()
	proxyType   = reflect.TypeFor[goja.Proxy]()
	setType     = reflect.TypeFor[[]any]()
)

// inspect returns a value as a console shows it. It does not read properties that call the
// script, and never calls Export, which copies all of a value.
func inspect(r *realm.Realm, v goja.Value) string {
	i := inspector{realm: r}
	i.value(v, 0)
	return i.b.String()
}

type inspector struct {
	realm *realm.Realm
	b     strings.Builder
	path  []*goja.Object // that contain what is being shown
}

// plain returns a value that is not an object, without quotes.
func plain(v goja.Value) string {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case *goja.Symbol:
		return "Symbol(" + v.String() + ")"
	}
	if goja.IsBigInt(v) {
		return v.String() + "n"
	}
	if f, ok := v.Export().(float64); ok && f == 0 && math.Signbit(f) {
		return "-0"
	}
	return v.String()
}

func (i *inspector) value(v goja.Value, depth int) {
	if i.b.Len() > maxText {
		i.b.WriteString("…")
		return
	}
	switch v := v.(type) {
	case *goja.Object:
		i.object(v, depth)
	case goja.String:
		i.b.WriteString(quote(realm.Text(v, maxText)))
	default:
		i.b.WriteString(plain(v))
	}
}

// quote quotes a string with the first of the quotation marks that it does not contain.
func quote(s string) string {
	s = strings.NewReplacer("\\", "\\\\", "\n", "\\n", "\r", "\\r", "\t", "\\t").Replace(s)
	for _, mark := range []string{"'", "\"", "`"} {
		if !strings.Contains(s, mark) {
			return mark + s + mark
		}
	}
	return "'" + strings.ReplaceAll(s, "'", "\\'") + "'"
}

func (i *inspector) object(o *goja.Object, depth int) {
	for _, outer := range i.path {
		if outer == o {
			i.b.WriteString("[Circular]")
			return
		}
	}
	if proxied(o) {
		i.b.WriteString("Proxy {…}")
		return
	}
	i.path = append(i.path, o)
	defer func() { i.path = i.path[:len(i.path)-1] }()
	name := i.constructorName(o)
	switch o.ClassName() {
	case "Error":
		i.b.WriteString(i.errorText(o))
		return
	case "Function":
		i.b.WriteString(i.functionText(o, name))
		return
	case "Array":
		i.array(o, depth)
		return
	case "Date", "RegExp":
		i.b.WriteString(i.realm.TextOf(o))
		return
	case "String":
		i.b.WriteString("[String " + quote(i.realm.TextOf(o)) + "]")
		return
	}
	switch o.ExportType() {
	case bufferType:
		fmt.Fprintf(&i.b, "ArrayBuffer(%d)", len(o.Export().(goja.ArrayBuffer).Bytes()))
		return
	case promiseType:
		i.promise(o.Export().(*goja.Promise), depth)
		return
	case mapType, setType: // arrays have been dealt with
		i.collection(o, depth)
		return
	}
	if class := realm.ViewOf(o); class != "" {
		i.view(o, class)
		return
	}
	if _, ok := i.state(o).(error); ok {
		i.b.WriteString(i.realm.TextOf(o))
		return
	}
	i.properties(o, name, depth)
}

func proxied(o *goja.Object) bool { return o.ExportType() == proxyType }

func (i *inspector) promise(p *goja.Promise, depth int) {
	i.b.WriteString("Promise { ")
	switch p.State() {
	case goja.PromiseStatePending:
		i.b.WriteString("<pending>")
	case goja.PromiseStateRejected:
		i.b.WriteString("<rejected> ")
		i.value(p.Result(), depth+1)
	default:
		i.value(p.Result(), depth+1)
	}
	i.b.WriteString(" }")
}

// collection shows a Map or a Set.
func (i *inspector) collection(o *goja.Object, depth int) {
	isMap := o.ExportType() == mapType
	name := "Set"
	if isMap {
		name = "Map"
	}
	if depth > maxNesting {
		i.b.WriteString(name + " {…}")
		return
	}
	var items []goja.Value
	size := int64(0)
	if ex := i.realm.Try(func() {
		size = realm.Member(i.realm, o, "size").ToInteger()
		i.realm.ForOf(o, func(v goja.Value) bool {
			items = append(items, v)
			return len(items) < maxItems+1
		})
	}); ex != nil {
		i.b.WriteString(name + " {…}") // the script has replaced its iterator
		return
	}
	fmt.Fprintf(&i.b, "%s(%d) {", name, size)
	for n, item := range items {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems || i.b.Len() > maxText {
			i.b.WriteString(" …")
			break
		}
		i.b.WriteString(" ")
		pair, ok := item.(*goja.Object)
		if !isMap || !ok {
			i.value(item, depth+1)
			continue
		}
		key, _ := i.own(pair, "0")
		v, _ := i.own(pair, "1")
		i.value(key, depth+1)
		i.b.WriteString(" => ")
		i.value(v, depth+1)
	}
	i.b.WriteString(" }")
}

func (i *inspector) array(o *goja.Object, depth int) {
	v, _ := i.own(o, "length")
	length := v.ToInteger()
	if depth > maxNesting {
		fmt.Fprintf(&i.b, "Array(%d)", length)
		return
	}
	i.list(length, func(n int) {
		v, accessor := i.own(o, strconv.Itoa(n))
		i.property(o, strconv.Itoa(n), v, accessor, depth)
	})
}

// view shows a typed array or a DataView.
func (i *inspector) view(o *goja.Object, class string) {
	data, _ := i.realm.Bytes(o)
	if class == "DataView" {
		fmt.Fprintf(&i.b, "DataView(%d)", len(data))
		return
	}
	elements := reflect.ValueOf(o.Export())
	fmt.Fprintf(&i.b, "%s(%d) ", class, elements.Len())
	i.list(int64(elements.Len()), func(n int) {
		i.b.WriteString(plain(i.realm.ToValue(elements.Index(n).Interface())))
		if strings.HasPrefix(class, "Big") {
			i.b.WriteString("n")
		}
	})
}

// list shows items, from 0 to length-1, each with show.
func (i *inspector) list(length int64, show func(n int)) {
	i.b.WriteString("[")
	for n := range length {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems || i.b.Len() > maxText {
			fmt.Fprintf(&i.b, " … %d more", length-n)
			break
		}
		i.b.WriteString(" ")
		show(int(n))
	}
	if length > 0 {
		i.b.WriteString(" ")
	}
	i.b.WriteString("]")
}

func (i *inspector) properties(o *goja.Object, name string, depth int) {
	if name != "" && name != "Object" {
		i.b.WriteString(name + " ")
	}
	keys := o.Keys()
	if depth > maxNesting && len(keys) > 0 {
		i.b.WriteString("{…}")
		return
	}
	i.b.WriteString("{")
	for n, key := range keys {
		if n > 0 {
			i.b.WriteString(",")
		}
		if n == maxItems || i.b.Len() > maxText {
			fmt.Fprintf(&i.b, " … %d more", len(keys)-n)
			break
		}
		if !isName(key) {
			key = quote(shorten(key))
		}
		i.b.WriteString(" " + shorten(key) + ": ")
		v, accessor := i.own(o, keys[n])
		i.property(o, keys[n], v, accessor, depth)
	}
	if len(keys) > 0 {
		i.b.WriteString(" ")
	}
	i.b.WriteString("}")
}

// rows returns the names of the properties that a table shows.
func (i *inspector) rows(o *goja.Object) []string {
	var names []string
	var length int64
	switch {
	case proxied(o) || o.ClassName() == "String":
	case o.ClassName() == "Array":
		v, _ := i.own(o, "length")
		length = v.ToInteger()
	case realm.ViewOf(o) != "":
		length = int64(reflect.ValueOf(o.Export()).Len())
	default:
		names = o.Keys()
	}
	for n := range min(length, maxItems) {
		names = append(names, strconv.Itoa(int(n)))
	}
	return names[:min(len(names), maxItems)]
}

// property shows the value of a property. Getters are not called, except for those of the
// attributes that objects of a class have themselves.
func (i *inspector) property(o *goja.Object, name string, v goja.Value, accessor bool, depth int) {
	if accessor {
		if i.state(o) == nil || i.realm.Try(func() { v = o.Get(name) }) != nil {
			i.b.WriteString("[Getter]")
			return
		}
	}
	i.value(v, depth+1)
}

// descriptor is Object.getOwnPropertyDescriptor.
var descriptor = realm.NewKey(func(r *realm.Realm) goja.Callable {
	if object, ok := r.Get("Object").(*goja.Object); ok {
		if fn, ok := goja.AssertFunction(object.Get("getOwnPropertyDescriptor")); ok {
			return fn
		}
	}
	return func(goja.Value, ...goja.Value) (goja.Value, error) { return nil, nil } // the script has removed it
})

// own returns the value of a property that an object has itself, or undefined, and whether it
// is one with a getter or setter. o is no proxy, so it calls nothing of the script.
func (i *inspector) own(o *goja.Object, name string) (v goja.Value, accessor bool) {
	v = goja.Undefined()
	if ex := i.realm.Try(func() {
		described, err := descriptor.In(i.realm)(goja.Undefined(), o, i.realm.ToValue(name))
		if d, ok := described.(*goja.Object); ok && err == nil {
			if value := d.Get("value"); value != nil {
				v = value
			} else {
				accessor = true
			}
		}
	}); ex != nil {
		return goja.Undefined(), false
	}
	return v, accessor
}

// maxPrototypes is how many prototypes of an object inherited looks at.
const maxPrototypes = 100

// inherited returns the value of a property that an object, or one of its prototypes, has, as
// far as that does not call the script.
func (i *inspector) inherited(o *goja.Object, name string) goja.Value {
	for range maxPrototypes {
		if o == nil || proxied(o) {
			break
		}
		v, accessor := i.own(o, name)
		if accessor || !goja.IsUndefined(v) {
			return v
		}
		o = o.Prototype()
	}
	return goja.Undefined()
}

// text returns a property if it is a string.
func (i *inspector) text(o *goja.Object, name string) string {
	if s, ok := i.inherited(o, name).(goja.String); ok {
		return realm.Text(s, maxText)
	}
	return ""
}

// state returns the state of an object of a class, or nil. It asks no prototype that is a proxy
// of the script.
func (i *inspector) state(o *goja.Object) realm.Platform {
	p := o
	for range maxPrototypes {
		if p = p.Prototype(); p == nil {
			return realm.StateOf(o)
		}
		if proxied(p) && i.realm.ClassOf(p) == nil {
			break
		}
	}
	return nil
}

func shorten(s string) string {
	if len(s) > maxText {
		return strings.ToValidUTF8(s[:maxText], "") + "…"
	}
	return s
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && c != '$' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// constructorName returns the name of the nearest constructor that an object or one of its
// prototypes has.
func (i *inspector) constructorName(o *goja.Object) string {
	for range maxPrototypes {
		if o == nil {
			break
		}
		if c := i.realm.ClassOf(o); c != nil {
			return c.Name
		}
		if proxied(o) {
			break
		}
		v, accessor := i.own(o, "constructor")
		if c, ok := v.(*goja.Object); ok && !proxied(c) {
			return i.text(c, "name")
		}
		if accessor || !goja.IsUndefined(v) {
			break
		}
		o = o.Prototype()
	}
	return ""
}

func (i *inspector) functionText(o *goja.Object, name string) string {
	kind := "function"
	if strings.HasPrefix(i.realm.TextOf(o), "class") {
		kind = "class"
	} else if name == "AsyncFunction" {
		kind = "async function"
	}
	if n := i.text(o, "name"); n != "" {
		return "[" + kind + " " + n + "]"
	}
	return "[" + kind + "]"
}

func (i *inspector) errorText(o *goja.Object) string {
	if s := i.text(o, "stack"); s != "" {
		return strings.TrimSpace(s)
	}
	return i.realm.TextOf(o)
}
