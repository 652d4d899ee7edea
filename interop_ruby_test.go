package airsocket_test

import (
	"testing"

	"github.com/airsocket/airsocket/wire"
)

func TestInteropRuby(t *testing.T) {
	for name, p := range map[string]peer{
		"server/hixie-75": {start: ruby.start, role: "server", version: wire.Hixie75, unmarked: true},
		"server/hixie-76": {start: ruby.start, role: "server", version: wire.Hixie76, unmarked: true},
		"server/hybi-07":  {start: ruby.start, role: "server", version: wire.Hybi07, picks: "b", quietPing: true},
		"server/hybi-08":  {start: ruby.start, role: "server", version: wire.Hybi08, picks: "b", quietPing: true},
		"server/hybi-13":  {start: ruby.start, role: "server", version: wire.Hybi13, picks: "b", quietPing: true},
		"client/hybi-13":  {start: ruby.start, role: "client", version: wire.Hybi13, picks: "b", quietPing: true, noRefusal: true},
	} {
		t.Run(name, p.test)
	}
}
