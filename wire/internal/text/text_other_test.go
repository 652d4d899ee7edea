//go:build !amd64 || purego

package text

import "testing"

// eachWidth runs a test once, as there are no kernels.
func eachWidth(t *testing.T, test func(*testing.T)) { test(t) }
