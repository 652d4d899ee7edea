package realm

import (
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/dop251/goja"
)

// maxText is how many bytes of the text of something that was thrown are kept.
const maxText = 64 << 10

// An Error is something that the script has thrown and not caught. Its texts were made when it
// was reported: those of a goja.Exception would call the script, in whatever goroutine asks
// for them. errors.As finds the goja.Exception.
type Error struct {
	text, place, trace string
	exception          *goja.Exception
	cause              error
}

// Text returns the value as text.
func (e *Error) Text() string { return e.text }

// Error returns the value as text, with the place where it was thrown.
func (e *Error) Error() string { return e.text + e.place }

// Trace returns the value as text, with the functions that were being called.
func (e *Error) Trace() string { return e.text + e.trace }

// Unwrap returns the error of Go that a function has returned to the script, or nil.
func (e *Error) Unwrap() error { return e.cause }

// As makes errors.As find the exception. Unwrap does not return it because its own Unwrap
// calls the script.
func (e *Error) As(target any) bool {
	p, ok := target.(**goja.Exception)
	if ok {
		*p = e.exception
	}
	return ok
}

func (r *Realm) newError(ex *goja.Exception) *Error {
	e := &Error{text: r.TextOf(ex.Value()), trace: traceOf(ex.Stack()), exception: ex}
	if frames := ex.Stack(); len(frames) > 0 {
		e.place = fmt.Sprintf(" at %s (%s)", cut(frames[0].FuncName(), maxText), frames[0].Position())
	}
	r.quietly(func() { e.cause = ex.Unwrap() })
	return e
}

// A RejectionError reports a promise that was rejected and that nothing handles.
type RejectionError struct {
	Reason goja.Value
	text   string
}

// Error returns the reason as text.
func (e *RejectionError) Error() string { return "uncaught (in promise) " + e.text }

func (r *Realm) newRejection(reason goja.Value) *RejectionError {
	e := &RejectionError{Reason: reason}
	if o, ok := reason.(*goja.Object); ok {
		r.quietly(func() {
			if s, ok := o.Get("stack").(goja.String); ok {
				e.text = Text(s, maxText)
			}
		})
	}
	if e.text == "" {
		e.text = r.TextOf(reason)
	}
	return e
}

// A PanicError reports a panic of Go in a function that the script has called, or that was
// called for it. The engine may be in any state after it, so it ends the script.
type PanicError struct {
	Value any    // that was passed to panic
	Stack string // of the goroutine
}

// Error returns the value, and the stack of the goroutine.
func (e *PanicError) Error() string {
	return fmt.Sprintf("panic in a function that the script has called: %v\n\n%s", e.Value, e.Stack)
}

// Unwrap returns the value if it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Protect calls fn, which may use the engine, and returns what the script has thrown, what has
// interrupted it, or a *PanicError. It is called in a turn.
func (r *Realm) Protect(fn func()) (err error) {
	defer func() {
		x := recover()
		if x == nil {
			return
		}
		if thrown, ok := x.(error); ok && isUncatchable(thrown) {
			err = thrown
		} else {
			err = &PanicError{x, string(debug.Stack())}
		}
	}()
	if ex := r.Try(fn); ex != nil {
		return ex
	}
	return nil
}

// quietly calls fn, which may call the script, for a text that nobody depends on. It reports
// whether fn has returned.
func (r *Realm) quietly(fn func()) bool {
	err := r.Protect(fn)
	if _, ok := err.(*PanicError); ok {
		r.Report(err)
	}
	return err == nil
}

// isUncatchable reports whether err ends whatever the event loop is running.
func isUncatchable(err error) bool {
	switch err.(type) {
	case *goja.InterruptedError, *goja.StackOverflowError:
		return true
	}
	return false
}

// Failure returns an error of Protect, or of a function of the script, with the texts of an
// exception. It reports a *PanicError.
func (r *Realm) Failure(err error) error {
	switch thrown := err.(type) {
	case *goja.Exception:
		return r.newError(thrown)
	case *PanicError:
		r.Report(thrown)
	}
	return err
}

// Report reports an error that the script has not caught. It does nothing if err is nil, or
// once the Realm has been stopped.
func (r *Realm) Report(err error) {
	if err == nil || r.stopped {
		return
	}
	switch thrown := err.(type) {
	case *goja.Exception:
		err = r.newError(thrown)
	case *PanicError:
		r.Stop()
	}
	defer func() {
		if x := recover(); x != nil && !r.failing {
			r.failing = true // once: it may be the function that reports errors that panics
			r.stopped = false
			r.Report(&PanicError{x, string(debug.Stack())})
		}
	}()
	r.report(err)
}

// TextOf returns the text of any value that the script has thrown, cut after 64 KiB. Unlike the
// value's own String it does not throw, even if the script makes the conversion throw. It is
// called in a turn.
func (r *Realm) TextOf(v goja.Value) (text string) {
	switch v := v.(type) {
	case nil:
		return "undefined"
	case *goja.Symbol:
		return "Symbol(" + cut(v.String(), maxText) + ")"
	case *goja.Object:
		if !r.quietly(func() { text = Text(r.str(v), maxText) }) {
			return "an object that has no text"
		}
		return text
	case goja.String:
		return Text(v, maxText)
	}
	return cut(v.String(), maxText)
}

// Text returns a string of the script, cut after about limit bytes.
func Text(s goja.String, limit int) string {
	if s.Length() > limit {
		s = s.Substring(0, limit)
	}
	return cut(s.String(), limit)
}

// cut cuts a string after limit bytes.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}
