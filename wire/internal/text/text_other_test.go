//go:build !amd64 || purego

package text

import "testing"

// eachWidth runs a test with the one way that there is to look at text.
func eachWidth(t *testing.T, test func(*testing.T)) { test(t) }
