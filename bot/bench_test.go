package bot_test

import (
	"strconv"
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/bot"
	"github.com/airsocket/airsocket/extensions"
)

// BenchmarkMessage measures an answer of a server to a message of a script, with everything
// that both need for it.
func BenchmarkMessage(b *testing.B) {
	srv := &airsocket.Server{Options: &airsocket.Options{Dispatcher: new(airsocket.Dispatcher)}}
	srv.OnConnect(func(s *airsocket.Socket) {
		s.OnMessage(func(m *airsocket.MessageEvent) { s.SendMessage(m.Kind(), m.Bytes()) })
	})
	l, err := airsocket.Listen("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go srv.Serve(l)
	defer srv.Close()
	benchmark(b, `
		const [url, count] = bot.args, text = "x".repeat(125);
		const ws = new WebSocket(url);
		let left = +count;
		ws.onopen = () => ws.send(text);
		ws.onmessage = ({data}) => { if (data.length == 125 && --left > 0) ws.send(text); else ws.close(); };
	`, "ws://"+l.Addr().String()+"/")
}

// BenchmarkEvent measures an event that the script dispatches itself.
func BenchmarkEvent(b *testing.B) {
	benchmark(b, `
		const target = new EventTarget();
		let sum = 0;
		target.addEventListener("message", (e) => { sum += e.data; });
		for (let i = 0; i < +bot.args[1]; i++) target.dispatchEvent(new MessageEvent("message", {data: i}));
	`, "")
}

// BenchmarkMembers measures the use of members of a class and of those that it inherits.
func BenchmarkMembers(b *testing.B) {
	benchmark(b, `
		const e = new MessageEvent("message", {data: 1});
		for (let i = 0; i < +bot.args[1]; i++) { e.data; e.type; e.preventDefault(); }
	`, "")
}

func benchmark(b *testing.B, script, url string) {
	p, err := bot.Compile("bench.js", []byte(script))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	err = bot.New(p, &bot.Options{
		Args:   []string{url, strconv.Itoa(b.N)},
		Socket: &airsocket.Options{Extensions: []extensions.Extension{}},
	}).Run(b.Context())
	if err != nil {
		b.Fatal(err)
	}
}
