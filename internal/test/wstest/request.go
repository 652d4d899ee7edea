package wstest

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"strings"
	"testing"
)

// UpgradeRequest is a client's opening handshake (RFC 6455).
const UpgradeRequest = "GET / HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

// UpgradeResponse is the format of a server's answer; its argument is the value of
// Sec-WebSocket-Accept, which AcceptKey returns.
const UpgradeResponse = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: %s\r\n\r\n"

// AcceptKey returns the answer to a Sec-WebSocket-Key.
func AcceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// RequestWith returns UpgradeRequest with another request line, and with fields
// added or replaced ("Name: value") or left out ("Name:").
func RequestWith(line string, fields ...string) string {
	head := strings.Replace(UpgradeRequest, "GET / HTTP/1.1", line, 1)
	for _, f := range fields {
		name, value, _ := strings.Cut(f, ":")
		before, after, found := strings.Cut(head, "\r\n"+name+":")
		if found {
			_, after, _ = strings.Cut(after, "\r\n")
			head = before + "\r\n" + after
		}
		if value != "" {
			head = head[:len(head)-2] + f + "\r\n\r\n"
		}
	}
	return head
}

// ReadHead reads the head of an HTTP message, up to and including the empty line.
func ReadHead(t testing.TB, r *bufio.Reader) string {
	t.Helper()
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("%q: %v", head.String(), err)
		}
		head.WriteByte(b)
	}
	return head.String()
}
