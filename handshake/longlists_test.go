package handshake_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/handshake"
)

// TestLongOffers checks that a server looks at no more than the first 64 offers, and at none
// with more than 16 parameters.
func TestLongOffers(t *testing.T) {
	params := func(n int) string { return "long" + strings.Repeat("; x", n) }
	for _, test := range []struct {
		name   string
		values []string
		want   int
		last   string
	}{
		{"64 offers", []string{strings.Repeat("a,", 63) + "last"}, 64, "last"},
		{"65 offers", []string{strings.Repeat("a,", 64) + "last"}, 64, "a"},
		{"in two fields", []string{strings.Repeat("a,", 40), strings.Repeat("b,", 40)}, 64, "b"},
		{"thousands, and then no list", []string{strings.Repeat("a,", 7000) + "; = ;"}, 64, "a"},
		{"empty ones do not count", []string{strings.Repeat(",", 7000) + "last"}, 1, "last"},
		{"16 parameters", []string{"a, " + params(16)}, 2, "long"},
		{"17 parameters", []string{params(17) + ", last"}, 1, "last"},
		{"thousands", []string{params(5000) + ", last"}, 1, "last"},
		{"those that are left out count", []string{strings.Repeat(params(17)+",", 64) + "last"}, 0, ""},
	} {
		got, err := handshake.ParseExtensions(test.values)
		if err != nil || len(got) != test.want || test.want > 0 && got[test.want-1].Name != test.last {
			t.Errorf("%s: %d offers, %v", test.name, len(got), err)
		}
	}
}

// TestLongAnswer checks that a client refuses an answer that a server could only look at in
// part.
func TestLongAnswer(t *testing.T) {
	for _, test := range []struct {
		value string
		err   error
	}{
		{"a" + strings.Repeat("; x", 16), nil},
		{"a" + strings.Repeat("; x", 17), handshake.ErrBadExtension},
		{strings.Repeat("a,", 64), nil},
		{strings.Repeat("a,", 65), handshake.ErrBadExtension},
	} {
		c := asked(t, request13)
		c.MaxHead = 32 << 10
		answer := edit(t, answer13, "Upgrade:", "Sec-WebSocket-Extensions: "+test.value+"\r\nUpgrade:")
		if _, _, err := c.Feed([]byte(answer)); !errors.Is(err, test.err) {
			t.Errorf("%.20q: %v", test.value, err)
		}
	}
}

// TestLongProtocols checks that a server refuses a request that names more than 64
// subprotocols.
func TestLongProtocols(t *testing.T) {
	for n, want := range map[int]error{64: nil, 65: handshake.ErrBadProtocol, 3000: handshake.ErrBadProtocol} {
		var s handshake.Server
		request := edit(t, request13, "chat, superchat", protocols(n))
		if _, _, err := s.Feed([]byte(request)); !errors.Is(err, want) {
			t.Errorf("%d subprotocols: %v", n, err)
		}
	}
}

// TestLongListInError checks that the error for a list that breaks a rule does not repeat
// all of it.
func TestLongListInError(t *testing.T) {
	long := strings.Repeat("\x80", 10_000)
	for _, field := range []string{"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"} {
		var s handshake.Server
		_, _, err := s.Feed([]byte(edit(t, request13, "Upgrade:", fmt.Sprintf("%s: %s\r\nUpgrade:", field, long))))
		if err == nil || len(err.Error()) > 1000 {
			t.Errorf("%s: an error of %d bytes", field, len(fmt.Sprint(err)))
		}
	}
}
