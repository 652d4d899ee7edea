package versions

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/internal/test/wstest"
	"github.com/airsocket/airsocket/wire"
)

// By default, servers speak the versions with masking. A refusal of another
// version names that version and the option that allows it.
func TestVersionsByDefault(t *testing.T) {
	for _, by := range []string{"Server", "StartServer", "Upgrade"} {
		for v := range wstest.EachVersion {
			t.Run(fmt.Sprintf("%v by %s", v, by), func(t *testing.T) {
				dial, url := serveNarrowed(t, by, &airsocket.Options{Origins: []string{"*"}})
				wantVersion(t, dial, url, v, v >= wire.Hybi06, "13, 8, 7, 6")
			})
		}
		for name, fields := range map[string][]string{
			"hixie-75": {"Sec-WebSocket-Version:", "Sec-WebSocket-Key:"}, // curl without a key
			"hixie-76": {"Sec-WebSocket-Version:", "Sec-WebSocket-Key:", "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00"},
		} {
			dial, url := serveNarrowed(t, by, nil)
			if dial == nil {
				dial = new(net.Dialer).DialContext
			}
			conn, err := dial(t.Context(), "tcp", wstest.HostOf(url))
			if err != nil {
				t.Fatal(err)
			}
			p := wstest.NewRawPeer(t, conn, true)
			p.WriteRaw([]byte(wstest.RequestWith("GET / HTTP/1.1", fields...)))
			res := p.ReadResponse()
			body, _ := io.ReadAll(res.Body)
			if reason := string(body); res.StatusCode != 426 || !strings.Contains(reason, name) || !strings.Contains(reason, "Versions") {
				t.Errorf("%s by %s: status %d, %q", name, by, res.StatusCode, reason)
			}
			p.Close()
		}
	}
}

// Each call of a preset returns new Options, which can be changed.
func TestPresets(t *testing.T) {
	for name, preset := range map[string]func() *airsocket.Options{
		"AS3Options": airsocket.AS3Options, "AIROptions": airsocket.AIROptions, "FayeOptions": airsocket.FayeOptions,
	} {
		if first, second := preset(), preset(); first == second {
			t.Errorf("%s gives the same Options twice", name)
		}
	}
	if faye := airsocket.FayeOptions(); !slices.Equal(faye.Versions, wire.AllVersions()) || !faye.QueueBeforeOpen {
		t.Errorf("FayeOptions: versions %v, queue %v", faye.Versions, faye.QueueBeforeOpen)
	}
	if !airsocket.AIROptions().SilentClose {
		t.Error("AIROptions have a close event after Close")
	}
	wire.AllVersions()[0] = wire.Hybi13
	if all := wire.AllVersions(); !slices.Equal(all, slices.Collect(wstest.EachVersion)) {
		t.Errorf("AllVersions: %v", all)
	}
}
