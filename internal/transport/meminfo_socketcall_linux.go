//go:build !portable && (386 || s390x)

package transport

// memory returns nothing, since package syscall has no getsockopt for this architecture.
func memory(int) memInfo { return memInfo{} }
