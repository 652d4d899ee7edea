package proxyproto

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A vector is a paragraph of testdata/headers.txt.
type vector struct{ name, in, tells, rest, err string }

func vectors(t testing.TB) (all []vector) {
	t.Helper()
	f, err := os.Open("testdata/headers.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unquote := func(s string) string {
		p, err := strconv.Unquote(s)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		return p
	}
	var v vector
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch word, value, _ := strings.Cut(lines.Text(), " "); word {
		case "#":
			v = vector{name: value}
		case "in":
			v.in = unquote(value)
		case "tells":
			v.tells = value
		case "rest":
			v.rest = unquote(value)
			all = append(all, v)
		case "err":
			v.err = value
			all = append(all, v)
		}
	}
	if len(all) < 50 {
		t.Fatalf("only %d vectors", len(all))
	}
	return all
}

// An outcome is what a Parser has found, in the words of a vector.
type outcome struct {
	tells, rest string
	err         error
}

// parse feeds in to a Parser, in pieces of the lengths that next returns. The memory of a
// piece is overwritten when the Parser has returned.
func parse(in string, next func() int) (o outcome) {
	var p Parser
	for len(in) > 0 {
		piece := []byte(in[:min(next(), len(in))])
		in = in[len(piece):]
		rest, done, err := p.Feed(piece)
		o.rest += string(rest)
		clear(piece)
		if o.err = err; err != nil {
			return o
		}
		if done != p.Done() || len(rest) > 0 && !done {
			o.err = fmt.Errorf("done %t, Done %t, with %d bytes left", done, p.Done(), len(rest))
			return o
		}
	}
	client, server := p.Addresses()
	switch {
	case !p.Done():
		o.tells = "incomplete"
	case client == nil || server == nil:
		o.tells = "none"
	default:
		o.tells = client.String() + " " + server.String()
	}
	return o
}

func whole() int  { return 1 << 20 }
func single() int { return 1 }
func random() int { return 1 + rand.IntN(9) }

func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		for cut, next := range map[string]func() int{"whole": whole, "byte by byte": single, "at random": random} {
			o := parse(v.in, next)
			switch {
			case v.err == "" && (o.err != nil || o.tells != v.tells || o.rest != v.rest):
				t.Errorf("%s, %s: %+v", v.name, cut, o)
			case v.err != "" && (!errors.Is(o.err, ErrHeader) || !strings.Contains(o.err.Error(), v.err)):
				t.Errorf("%s, %s: %+v, want an error with %q", v.name, cut, o, v.err)
			}
		}
	}
}

// TestIncomplete checks that no part of a header counts as a header.
func TestIncomplete(t *testing.T) {
	for _, v := range vectors(t) {
		if v.err != "" {
			continue
		}
		header := strings.TrimSuffix(v.in, v.rest)
		for n := 1; n < len(header); n++ {
			if o := parse(header[:n], random); o.tells != "incomplete" {
				t.Errorf("%s, the first %d of %d bytes: %+v", v.name, n, len(header), o)
			}
		}
	}
}

// TestLongest checks that a header may have as many bytes as MaxLength says.
func TestLongest(t *testing.T) {
	length := MaxLength - fixed
	header := []byte(signature + "\x21\x11" + string([]byte{byte(length >> 8), byte(length)}))
	header = append(header, bytes.Repeat([]byte{1}, length)...)
	if o := parse(string(header)+"rest", random); o.err != nil || o.rest != "rest" || o.tells != "1.1.1.1:257 1.1.1.1:257" {
		t.Errorf("%+v", o)
	}
}

// FuzzFeed checks that what a Parser finds does not depend on how the input is cut, and
// that it takes no more than a header can have.
func FuzzFeed(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add([]byte(v.in), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in []byte, cut uint8) {
		a, b := parse(string(in), whole), parse(string(in), func() int { return int(cut%16) + 1 })
		if a.tells != b.tells || (a.err == nil) != (b.err == nil) || a.err == nil && a.rest != b.rest {
			t.Fatalf("%+v, but in pieces %+v", a, b)
		}
		switch taken := len(in) - len(a.rest); {
		case a.err != nil && !errors.Is(a.err, ErrHeader):
			t.Fatal(a.err)
		case a.err != nil:
		case taken > MaxLength:
			t.Fatalf("%d bytes taken", taken)
		case a.tells == "incomplete" && a.rest != "":
			t.Fatalf("%q is left", a.rest)
		}
	})
}
