package interop

import (
	"testing"

	"github.com/airsocket/airsocket/wire"
)

func TestInteropPython(t *testing.T) {
	for _, role := range []string{"server", "client"} {
		t.Run(role, peer{implementation: python, role: role, version: wire.Hybi13, picks: "b", quietPing: true, fragments: true, refuses: true, quietBody: true}.test)
	}
}
