//go:build !unix

package console

// onResize does nothing: this system does not report size changes.
func onResize(func()) (stop func()) { return func() {} }
