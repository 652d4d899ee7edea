//go:build !unix && !windows

package console

// watch does nothing: this system reports no signals.
func watch(resized, continued func()) (unwatch func()) { return func() {} }

const canSuspend = false

func stopProcess() {}

func processOutput(int) (undo func()) { return func() {} }
