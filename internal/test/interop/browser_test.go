package interop

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/internal/test/chromium"
)

// A browser is a Chromium that can be a peer.
type browser struct{ *chromium.Browser }

func startBrowser(t testing.TB) browser {
	t.Helper()
	return browser{chromium.Start(t)}
}

// A tab shows one page of a browser.
type tab struct {
	*chromium.Tab
	t testing.TB
}

func (b browser) open(t testing.TB, url string) *tab {
	t.Helper()
	return &tab{b.Open(t, url), t}
}

func (b browser) look(testing.TB) {} // it has been started already

// start makes a WebSocket in the browser the peer. It is a client of the server
// of its page.
func (b browser) start(t testing.TB, role string, options map[string]any) *side {
	t.Helper()
	script, err := os.ReadFile("testdata/peers/browser.js")
	if err != nil {
		t.Fatal(err)
	}
	page, ok := options["page"].(string)
	if !ok {
		page = strings.Replace(options["url"].(string), "ws", "http", 1)
	}
	p := b.open(t, page)
	them := newSide(t, "the browser")
	p.Do("Runtime.addBinding", map[string]any{"name": "tell"})
	p.Evaluate("%s", script)
	them.do = func(c command) {
		t.Helper()
		arg, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		p.Evaluate("obey(%s)", arg)
	}
	go func() {
		told := p.Events("Runtime.bindingCalled")
		for {
			select {
			case m := <-told:
				params, _ := m.Params.(map[string]any)
				payload, _ := params["payload"].(string)
				var r report
				if err := json.Unmarshal([]byte(payload), &r); err != nil {
					r = report{Event: "error", Message: err.Error()}
				}
				them.tell(r)
			case <-t.Context().Done():
				return
			}
		}
	}()
	arg, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	p.Evaluate("connect(%s)", arg)
	return them
}
