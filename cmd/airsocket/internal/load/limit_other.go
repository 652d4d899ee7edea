//go:build !unix

package load

// checkLimit does nothing: this system has no limit of open files for a process.
func checkLimit(int) error { return nil }
