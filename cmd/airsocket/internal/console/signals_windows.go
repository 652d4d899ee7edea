package console

import (
	"syscall"
	"unsafe"
)

// watch does nothing: the size is read again each time something is printed.
func watch(resized, continued func()) (unwatch func()) { return func() {} }

const canSuspend = false

func stopProcess() {}

var (
	kernel         = syscall.NewLazyDLL("kernel32.dll")
	setConsoleMode = kernel.NewProc("SetConsoleMode")
	getConsoleMode = kernel.NewProc("GetConsoleMode")
)

// processOutput makes the console with the handle understand escape sequences, until undo is
// called.
func processOutput(handle int) (undo func()) {
	const enableVirtualTerminalProcessing = 4
	var mode uint32
	if ok, _, _ := getConsoleMode.Call(uintptr(handle), uintptr(unsafe.Pointer(&mode))); ok == 0 {
		return func() {}
	}
	setConsoleMode.Call(uintptr(handle), uintptr(mode|enableVirtualTerminalProcessing))
	return func() { setConsoleMode.Call(uintptr(handle), uintptr(mode)) }
}
