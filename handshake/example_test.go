package handshake_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

func ExampleServer() {
	received := []byte("GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: chat, superchat\r\n" +
		"Sec-WebSocket-Version: 13\r\n\r\n")

	var s handshake.Server
	_, done, err := s.Feed(received)
	if err != nil || !done {
		fmt.Println(done, err)
		return
	}
	fmt.Println(s.Request().Version, s.Request().Target, s.Request().Protocols)
	answer, err := s.AppendAccept(nil, handshake.Accept{Protocol: "superchat"})
	fmt.Print(strings.ReplaceAll(string(answer), "\r", ""), err)
	// Output:
	// hybi-13 /chat [chat superchat]
	// HTTP/1.1 101 Switching Protocols
	// Upgrade: websocket
	// Connection: Upgrade
	// Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
	// Sec-WebSocket-Protocol: superchat
	//
	// <nil>
}

func ExampleServer_AppendReject() {
	var s handshake.Server
	_, _, err := s.Feed([]byte("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 14\r\n\r\n"))
	if e, ok := errors.AsType[*handshake.Error](err); ok {
		answer := s.AppendReject(nil, e)
		fmt.Print(strings.ReplaceAll(string(answer), "\r", ""))
	}
	// Output:
	// HTTP/1.1 426 Upgrade Required
	// Upgrade: websocket
	// Connection: Upgrade, close
	// Sec-WebSocket-Version: 13, 8, 7, 6
	// Content-Type: text/plain; charset=utf-8
	// Content-Length: 56
	//
	// this version of the websocket protocol is not supported
}

func ExampleClient() {
	c := handshake.Client{
		Host: "server.example.com", Target: "/chat", Protocols: []string{"chat"},
		Random: func(p []byte) { copy(p, "the sample nonce") }, // for the sake of the example
	}
	request, err := c.AppendRequest(nil)
	fmt.Print(strings.ReplaceAll(string(request), "\r", ""), err, "\n\n")

	rest, done, err := c.Feed([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n\x81\x02hi"))
	fmt.Printf("%q %v %v %s", rest, done, err, c.Result().Protocol)
	// Output:
	// GET /chat HTTP/1.1
	// Host: server.example.com
	// Upgrade: websocket
	// Connection: Upgrade
	// Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==
	// Sec-WebSocket-Protocol: chat
	// Sec-WebSocket-Version: 13
	//
	// <nil>
	//
	// "\x81\x02hi" true <nil> chat
}

func ExampleClient_Feed_refused() {
	c := handshake.Client{Host: "server.example.com", Target: "/chat"}
	if _, err := c.AppendRequest(nil); err != nil {
		fmt.Println(err)
	}
	_, _, err := c.Feed([]byte("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 9\r\n\r\nwho's it?"))
	if e, ok := errors.AsType[*handshake.Error](err); ok {
		fmt.Println(e)
		fmt.Println(e.Status, e.Header.Get("WWW-Authenticate"), string(e.Body))
	}
	// Output:
	// handshake: the server refused: 401 Unauthorized
	// 401 Basic who's it?
}

func ExampleParseExtensions() {
	list, err := handshake.ParseExtensions([]string{`permessage-deflate; client_max_window_bits="12", x-other`})
	fmt.Println(list[0].Name, list[0].Params, list[1].Name, err)

	_, err = handshake.ParseExtensions([]string{"permessage-deflate client_max_window_bits"})
	fmt.Println(err)
	// Output:
	// permessage-deflate [{client_max_window_bits 12}] x-other <nil>
	// handshake: the extensions are not a list of names and their parameters: "permessage-deflate client_max_window_bits"
}

func ExampleAppendExtensions() {
	list := []extensions.Offer{{Name: "permessage-deflate", Params: extensions.Params{{Name: "client_max_window_bits"}}}}
	fmt.Println(string(handshake.AppendExtensions(nil, list)))
	// Output:
	// permessage-deflate; client_max_window_bits
}

func ExampleFlashPolicy() {
	fmt.Println(handshake.FlashPolicy{Domains: []string{"*.example.com"}, Ports: []string{"10081"}})
	// Output:
	// <?xml version="1.0"?><cross-domain-policy><allow-access-from domain="*.example.com" to-ports="10081"/></cross-domain-policy>
}
