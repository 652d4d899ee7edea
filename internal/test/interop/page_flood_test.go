package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket"
)

// TestInteropPageFlood sends 10,000 messages of 1 KiB to the page, 2,000 a second, while
// somebody types. It reports how many tasks of the page took longer than 50 ms.
func TestInteropPageFlood(t *testing.T) {
	b := startBrowser(t)
	const messages, each = 10_000, 20
	p := b.openPage(t, servePage(t, func(s *airsocket.Socket) {
		s.OnOpen(func(*airsocket.OpenEvent) {
			text := `{"payload": "` + strings.Repeat("x", 1<<10-15) + `"}`
			go func() {
				ticker := time.NewTicker(each * time.Second / 2000)
				defer ticker.Stop()
				for n := 0; n < messages; n += each {
					<-ticker.C
					for range each {
						s.Send(text)
					}
				}
			}()
		})
	}))
	p.Evaluate(`tasks = []; new PerformanceObserver(list => tasks.push(...list.getEntries().map(e => e.duration))).observe({type: "longtask"});
		rows = 0; setInterval(() => { rows = Math.max(rows, document.querySelectorAll("#list .row").length); }, 20);`)
	p.Click("#connect")
	p.Until(`document.activeElement.id === "message"`)
	began := time.Now()
	typed := 0
	var slowest time.Duration
	for p.Evaluate(`document.querySelector("#received").textContent.startsWith("10,000 ")`) != true {
		before := time.Now()
		p.Enter("y")
		typed++
		slowest = max(slowest, time.Since(before))
		if time.Since(began) > interopTimeout {
			t.Fatalf("the page has received %s", p.text("#received"))
		}
	}
	took := time.Since(began)
	p.flushed()
	if n := p.Evaluate(`document.querySelector("#message").value.length`); n != float64(typed) {
		t.Errorf("of %d letters that were typed, the page has %v", typed, n)
	}
	if got := p.Evaluate(`import("/log.js").then(log => log.entries.length + " " + log.dropped + " " + log.bytes)`); got != "10000 1 10240000" {
		t.Errorf("the log keeps %v", got)
	}
	if n := p.Evaluate(`rows`).(float64); n == 0 || n > 80 {
		t.Errorf("%v rows were in the document", n)
	}
	if got := p.Evaluate(`document.querySelector("#list .space").lastChild.querySelector(".size").textContent`); got != "1.0 KiB" {
		t.Errorf("the last row has %v", got)
	}
	long := p.Evaluate(`tasks`)
	p.Evaluate(`setTimeout(() => { for (const end = performance.now() + 80; performance.now() < end;); })`)
	p.Until(fmt.Sprintf(`tasks.length > %d`, len(long.([]any)))) // else nothing counts them
	t.Logf("10,000 messages of 1 KiB within %v: long tasks of %v ms; the slowest of %d letters took %v",
		took.Round(time.Millisecond), long, typed, slowest.Round(time.Millisecond))
}
