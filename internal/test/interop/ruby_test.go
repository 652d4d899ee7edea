package interop

import (
	"testing"

	"github.com/airsocket/airsocket/wire"
)

func TestInteropRuby(t *testing.T) {
	for name, p := range map[string]peer{
		"server/hixie-75": {implementation: ruby, role: "server", version: wire.Hixie75, unmarked: true},
		"server/hixie-76": {implementation: ruby, role: "server", version: wire.Hixie76, unmarked: true},
		"server/hybi-07":  {implementation: ruby, role: "server", version: wire.Hybi07, picks: "b", quietPing: true},
		"server/hybi-08":  {implementation: ruby, role: "server", version: wire.Hybi08, picks: "b", quietPing: true},
		"server/hybi-13":  {implementation: ruby, role: "server", version: wire.Hybi13, picks: "b", quietPing: true},
		"client/hybi-13":  {implementation: ruby, role: "client", version: wire.Hybi13, picks: "b", quietPing: true, noRefusal: true},
	} {
		t.Run(name, p.test)
	}
}
