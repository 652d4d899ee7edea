package events

import (
	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// An exception is the state of a DOMException (Web IDL, section 4.3).
type exception struct {
	realm.Object
	name, message string
	stack         string
}

// codes are the names of exceptions that have a code, by it.
var codes = []struct{ constant, name string }{
	1: {"INDEX_SIZE_ERR", "IndexSizeError"}, 2: {"DOMSTRING_SIZE_ERR", ""}, 3: {"HIERARCHY_REQUEST_ERR", "HierarchyRequestError"},
	4: {"WRONG_DOCUMENT_ERR", "WrongDocumentError"}, 5: {"INVALID_CHARACTER_ERR", "InvalidCharacterError"}, 6: {"NO_DATA_ALLOWED_ERR", ""},
	7: {"NO_MODIFICATION_ALLOWED_ERR", "NoModificationAllowedError"}, 8: {"NOT_FOUND_ERR", "NotFoundError"}, 9: {"NOT_SUPPORTED_ERR", "NotSupportedError"},
	10: {"INUSE_ATTRIBUTE_ERR", "InUseAttributeError"}, 11: {"INVALID_STATE_ERR", "InvalidStateError"}, 12: {"SYNTAX_ERR", "SyntaxError"},
	13: {"INVALID_MODIFICATION_ERR", "InvalidModificationError"}, 14: {"NAMESPACE_ERR", "NamespaceError"}, 15: {"INVALID_ACCESS_ERR", "InvalidAccessError"},
	16: {"VALIDATION_ERR", ""}, 17: {"TYPE_MISMATCH_ERR", "TypeMismatchError"}, 18: {"SECURITY_ERR", "SecurityError"},
	19: {"NETWORK_ERR", "NetworkError"}, 20: {"ABORT_ERR", "AbortError"}, 21: {"URL_MISMATCH_ERR", "URLMismatchError"},
	22: {"QUOTA_EXCEEDED_ERR", "QuotaExceededError"}, 23: {"TIMEOUT_ERR", "TimeoutError"}, 24: {"INVALID_NODE_TYPE_ERR", "InvalidNodeTypeError"},
	25: {"DATA_CLONE_ERR", "DataCloneError"},
}

// ExceptionClass is the class DOMException.
var ExceptionClass = &realm.Class{
	Name:        "DOMException",
	ErrorParent: true,
	Construct: func(r *realm.Realm, args []goja.Value) realm.Platform {
		e := &exception{name: "Error"}
		if v := realm.Arg(args, 0); !goja.IsUndefined(v) {
			e.message = v.String()
		}
		if v := realm.Arg(args, 1); !goja.IsUndefined(v) {
			e.name = v.String()
		}
		e.stack = e.Error() + r.StackTrace()
		return e
	},
	Constants: exceptionConstants(),
	Attributes: []realm.Attribute{
		realm.Attr("name", func(r *realm.Realm, e *exception) goja.Value { return r.ToValue(e.name) }, nil),
		realm.Attr("message", func(r *realm.Realm, e *exception) goja.Value { return r.ToValue(e.message) }, nil),
		realm.Attr("code", func(r *realm.Realm, e *exception) goja.Value { return r.ToValue(e.code()) }, nil),
		realm.Attr("stack", func(r *realm.Realm, e *exception) goja.Value { return r.ToValue(e.stack) }, nil),
	},
}

// Error makes an exception an error.
func (e *exception) Error() string { return e.name + ": " + e.message }

func exceptionConstants() []realm.Constant {
	var list []realm.Constant
	for code, c := range codes {
		if code > 0 {
			list = append(list, realm.Constant{Name: c.constant, Value: code})
		}
	}
	return list
}

func (e *exception) code() int {
	for code, c := range codes {
		if c.name == e.name && c.name != "" {
			return code
		}
	}
	return 0
}

// NewException returns a DOMException.
func NewException(r *realm.Realm, name, message string) *goja.Object {
	e := &exception{name: name, message: message}
	e.stack = e.Error() + r.StackTrace()
	return r.Wrap(ExceptionClass, e)
}

// Throw throws a DOMException.
func Throw(r *realm.Realm, name, message string) { panic(NewException(r, name, message)) }
