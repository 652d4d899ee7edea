package handshake_test

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
	"github.com/airsocket/airsocket/wire"
)

// The examples of draft 76, sections 1.2 and 1.3, and numbers at the limits.
func TestKeyNumber(t *testing.T) {
	for _, test := range []struct {
		key  string
		want uint32
		ok   bool
	}{
		{"4 @1  46546xW%0l 1 5", 829309203, true},
		{"12998 5 Y3 1  .P00", 259970620, true},
		{"18x 6]8vM;54 *(5:  {   U1]8  z [  8", 155712099, true},
		{"1_ tx7X d  <  nw  334J702) 7]o}` 0", 173347027, true},
		{"0 x", 0, true},
		{"0000000000000000000000000000000000000001 x", 1, true},
		{"4294967295 x", 4294967295, true},
		{"12884901885   x", 4294967295, true},
		{"4294967296 x", 0, false},
		{"18446744073709551616 x", 0, false}, // 2^64, which is 0 in 64 bits
		{"1844674407370955161 6 0 x", 0, false},
		{"3 2 x", 16, true},
		{"3 3 x", 0, false},
		{"12", 0, false},
		{"x y", 0, false},
		{"", 0, false},
	} {
		if got, ok := handshake.KeyNumber(test.key); got != test.want || ok != test.ok {
			t.Errorf("%q: %d, %v", test.key, got, ok)
		}
	}
}

// The keys of a Client have the form of draft 76, section 4.1: up to 12 spaces, none
// of them at the ends, up to 12 other characters, and a 32-bit number.
func TestClientKeys(t *testing.T) {
	var most, noise int
	for seed := range uint64(500) {
		// A pseudo-random source with a different start each time. From seed
		// 400 on all bits are ones.
		n := seed * 7919
		random := func(p []byte) {
			for i := range p {
				var b [8]byte
				n = n*6364136223846793005 + 1442695040888963407
				binary.BigEndian.PutUint64(b[:], n)
				if p[i] = b[0]; seed >= 400 {
					p[i] = 0xFF
				}
			}
		}
		c := handshake.Client{Version: wire.Hixie76, Host: "a", Target: "/", Random: random}
		request, err := c.AppendRequest(nil)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(request, []byte("\r\n\r\n")); i != len(request)-4-8 {
			t.Fatalf("%q: not 8 bytes at the end", request)
		}
		var s handshake.Server
		if _, done, err := s.Feed(request); !done {
			t.Fatalf("%q: %v", request, err)
		}
		for _, name := range []string{"Sec-WebSocket-Key1", "Sec-WebSocket-Key2"} {
			// Not from a Header, which has no spaces at the ends of values.
			_, key, _ := strings.Cut(string(request), name+": ")
			key, _, _ = strings.Cut(key, "\r\n")
			spaces, others := strings.Count(key, " "), 0
			for i := range len(key) {
				if c := key[i]; c > 0x7E || c < 0x20 {
					t.Errorf("%q: %x", key, c)
				} else if c != ' ' && (c < '0' || c > '9') {
					others++
				}
			}
			most, noise = max(most, spaces), max(noise, others)
			if strings.Trim(key, " ") != key || spaces < 1 || spaces > 12 || others < 1 || others > 12 {
				t.Errorf("%q: %d spaces, %d others", key, spaces, others)
			}
		}
	}
	if most != 12 || noise != 12 {
		t.Errorf("at most %d spaces and %d others in 1000 keys", most, noise)
	}
}
