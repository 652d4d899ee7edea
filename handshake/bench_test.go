package handshake_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/handshake"
)

// browserRequest is what Chromium sends.
const browserRequest = "GET /socket?room=1 HTTP/1.1\r\n" +
	"Host: 127.0.0.1:10081\r\n" +
	"Connection: Upgrade\r\n" +
	"Pragma: no-cache\r\n" +
	"Cache-Control: no-cache\r\n" +
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36\r\n" +
	"Upgrade: websocket\r\n" +
	"Origin: http://127.0.0.1:10081\r\n" +
	"Sec-WebSocket-Version: 13\r\n" +
	"Accept-Encoding: gzip, deflate, br, zstd\r\n" +
	"Accept-Language: en-GB,en;q=0.9\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
	"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"

const plainRequest = "GET / HTTP/1.1\r\nHost: 127.0.0.1:10081\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

func BenchmarkServer(b *testing.B) {
	for name, request := range map[string]string{"browser": browserRequest, "plain": plainRequest} {
		b.Run(name, func(b *testing.B) {
			in, out := []byte(request), make([]byte, 0, 512)
			b.ReportAllocs()
			for b.Loop() {
				s := new(handshake.Server)
				if _, done, err := s.Feed(in); !done || err != nil {
					b.Fatal(done, err)
				}
				if _, err := s.AppendAccept(out, handshake.Accept{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLongLists has servers parse requests that are full of one list.
func BenchmarkLongLists(b *testing.B) {
	for _, list := range []struct{ name, field string }{
		{"unknown", "Sec-WebSocket-Extensions: " + strings.Repeat("x,", 7500) + "x"},
		{"offers", "Sec-WebSocket-Extensions: " + strings.Repeat("permessage-deflate,", 780) + "x"},
		{"parameters", "Sec-WebSocket-Extensions: permessage-deflate" + strings.Repeat(";x", 7500)},
		{"protocols", "Sec-WebSocket-Protocol: " + protocols(64) + strings.Repeat(",", 14_000)},
	} {
		b.Run(list.name, func(b *testing.B) {
			in := []byte(strings.TrimSuffix(plainRequest, "\r\n") + list.field + "\r\n\r\n")
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				s := &handshake.Server{MaxHead: 20 << 10}
				if _, done, err := s.Feed(in); !done || err != nil {
					b.Fatal(done, err)
				}
			}
		})
	}
}

// protocols returns a list of n different subprotocols.
func protocols(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = strconv.FormatInt(int64(i), 36)
	}
	return strings.Join(list, ",")
}

func BenchmarkClient(b *testing.B) {
	answer := []byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n")
	out := make([]byte, 0, 512)
	b.ReportAllocs()
	for b.Loop() {
		c := &handshake.Client{Host: "127.0.0.1:10081", Target: "/", Random: func(p []byte) { copy(p, "the sample nonce") },
			Offers: []extensions.Offer{{Name: "permessage-deflate"}}}
		if _, err := c.AppendRequest(out); err != nil {
			b.Fatal(err)
		}
		if _, done, err := c.Feed(answer); !done || err != nil {
			b.Fatal(done, err)
		}
	}
}
