package frame

import (
	"bytes"
	"testing"
	"unicode/utf8"
)

func TestPayload(t *testing.T) {
	for _, c := range []Charset{Binary, ASCII, Chinese, Russian, JSON} {
		for _, size := range []int{0, 1, 2, 16, 125, 1024, 1025, 1026} {
			p := Payload(c, size, 0)
			if len(p) != size {
				t.Fatalf("%s: %d bytes for %d", c, len(p), size)
			}
			if c != Binary && !utf8.Valid(p) {
				t.Errorf("%s/%d: not UTF-8: %q", c, size, p)
			}
			if !bytes.Equal(p, Payload(c, size, 0)) {
				t.Errorf("%s/%d: not the same twice", c, size)
			}
			if size > 15 && bytes.Equal(p, Payload(c, size, 1)) {
				t.Errorf("%s/%d: the second is the first", c, size)
			}
		}
	}
	if p := Payload(Chinese, 1024, 0); utf8.RuneCount(p) > 1024/3+2 {
		t.Errorf("Chinese has %d characters", utf8.RuneCount(p))
	}
}

func TestFrames(t *testing.T) {
	for _, style := range []Style{{}, {Masked: true}, {Text: true}, {Masked: true, Zipped: true}} {
		var stream []byte
		sizes := []int{0, 1, 125, 126, 65535, 65536}
		for _, size := range sizes {
			p := Payload(JSON, size, 0)
			f := style.Append(nil, p)
			got, err := ReadMessage(bytes.NewReader(f))
			if err != nil || !bytes.Equal(got, p) {
				t.Fatalf("%+v: a message of %d bytes came back as %d bytes, %v", style, size, len(got), err)
			}
			stream = append(stream, f...)
		}
		for _, cut := range []int{1, 7, len(stream)} {
			var c Counter
			total := 0
			for p := stream; len(p) > 0; p = p[min(cut, len(p)):] {
				n, err := c.Feed(p[:min(cut, len(p))])
				if err != nil {
					t.Fatal(err)
				}
				total += n
			}
			if total != len(sizes) {
				t.Errorf("%+v, cut at %d: %d messages of %d", style, cut, total, len(sizes))
			}
		}
	}
}

func TestFragmentsAndControl(t *testing.T) {
	stream := []byte{0x01, 1, 'a', 0x89, 0, 0x80, 1, 'b', 0x82, 0}
	var c Counter
	if n, err := c.Feed(stream); n != 2 || err != nil {
		t.Errorf("%d messages, %v", n, err)
	}
	if _, err := c.Feed([]byte{0x88, 0}); err == nil {
		t.Error("a close frame goes unnoticed")
	}
}
