package wire_test

import (
	"fmt"

	"github.com/airsocket/airsocket/wire"
)

// This example is a server that echoes messages, and its client. In a program, a
// connection would carry the bytes from one to the other.
func Example() {
	var (
		client = wire.Config{Version: wire.Hybi13, Role: wire.Client}
		server = wire.Config{Version: wire.Hybi13, Role: wire.Server, MaxMessage: 1 << 20}

		send, echo wire.Encoder
		in, back   wire.Decoder
	)
	send.Init(&client)
	back.Init(&client)
	in.Init(&server)
	echo.Init(&server)

	var request []byte
	for _, ev := range []wire.Event{
		{Kind: wire.Text, Data: []byte("Hello")},
		{Kind: wire.Ping, Data: []byte("are you there?")},
		{Kind: wire.Close, Code: wire.StatusNormalClosure, Data: []byte("bye")},
	} {
		var err error
		if request, err = send.Append(request, ev); err != nil {
			fmt.Println(err)
		}
	}

	var answer []byte
	in.Feed(request)
	for ev := range in.Events() {
		if reply, ok := wire.Reply(ev); ok {
			answer, _ = echo.Append(answer, reply)
			continue
		}
		answer, _ = echo.Append(answer, ev)
	}

	back.Feed(answer)
	back.FeedEOF(send.CloseSent())
	for ev := range back.Events() {
		fmt.Printf("kind %d, code %d, %q, %v\n", ev.Kind, ev.Code, ev.Data, ev.Err)
	}
	// Output:
	// kind 1, code 0, "Hello", <nil>
	// kind 10, code 0, "are you there?", <nil>
	// kind 8, code 1000, "bye", <nil>
	// kind 17, code 1005, "", <nil>
}

// A violation is an event like any other. Reply returns the close that reports it.
func ExampleReply() {
	var d wire.Decoder
	d.Init(&wire.Config{Version: wire.Hybi13, Role: wire.Server})
	d.Feed([]byte("\x81\x05Hello")) // without a mask
	for ev := range d.Events() {
		reply, _ := wire.Reply(ev)
		fmt.Println(ev.Err == wire.ErrNotMasked, reply.Code, string(reply.Data))
	}
	// Output:
	// true 1002 a frame from a client is not masked
}
