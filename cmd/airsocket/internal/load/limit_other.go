//go:build !unix

package load

// raiseLimit does nothing: this system has no limit of open files for a process.
func raiseLimit(int) error { return nil }
