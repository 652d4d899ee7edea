package bot_test

import (
	"runtime"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/extensions"
)

// TestMemory checks how much of the heap bots take that have sent and received a message, and
// wait: an engine, and what they have used of its classes.
func TestMemory(t *testing.T) {
	url := echoServer(t, nil)
	p, err := bot.Compile("a.js", []byte(`
		const ws = new WebSocket(bot.args[0]);
		ws.onopen = () => ws.send("hello");
		ws.onmessage = ({data}) => console.log(data);
		ws.onclose = e => console.log(e.code);
	`))
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan struct{})
	start := func(n int) (bots []*bot.Bot) {
		for range n {
			b := bot.New(p, &bot.Options{
				Args:    []string{url},
				Socket:  &airsocket.Options{Extensions: []extensions.Extension{}},
				Console: func(string, string) { answered <- struct{}{} },
			})
			b.Start()
			<-answered
			turn := make(chan struct{})
			b.Dispatcher().Post(func() { close(turn) })
			<-turn // after which it waits
			bots = append(bots, b)
		}
		return bots
	}
	heap := func() uint64 {
		runtime.GC()
		runtime.GC() // a second time for what sync.Pool keeps
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	start(1)[0].Stop(nil) // what all bots share
	const n = 200
	before := heap()
	bots := start(n)
	if each := (heap() - before) / n; each > 40<<10 {
		t.Errorf("a bot takes %d bytes, and should take at most 40 KiB", each)
	}
	for _, b := range bots {
		b.Stop(nil)
	}
}
