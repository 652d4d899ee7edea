package extensions_test

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"io"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// inflateStream feeds p to a new Stream in pieces and returns what it reads, at most
// limit bytes and one read more.
func inflateStream(t *testing.T, p []byte, piece, room, limit int) ([]byte, error) {
	t.Helper()
	s := stream(t, extensions.DeflateStream{})
	var got []byte
	dst := make([]byte, room)
	for len(p) > 0 {
		n := min(piece, len(p))
		lent := bytes.Clone(p[:n])
		s.Feed(lent)
		p = p[n:]
		for {
			n, err := s.Read(dst)
			if n < 0 || n > room {
				t.Fatalf("Read returned %d bytes of %d", n, room)
			}
			got = append(got, dst[:n]...)
			if err != nil || len(got) > limit {
				return got[:min(len(got), limit)], err
			}
			if n == 0 {
				break
			}
		}
		for i := range lent {
			lent[i] = 0xaa
		}
	}
	return got, nil
}

// FuzzStream decodes arbitrary bytes: what is read depends neither on how they are cut
// nor on the buffer, and is what Go's inflater reads, as far as both go.
func FuzzStream(f *testing.F) {
	for _, s := range []string{"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\x00\xff\xff", "\x00\x05\x00\xfa\xffHello\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00", "\x06", ""} {
		f.Add([]byte(s), uint8(1), uint8(3))
	}
	for level := range 10 {
		var z bytes.Buffer
		w, _ := stdflate.NewWriter(&z, level)
		w.Write(jsonText(1000))
		w.Flush()
		w.Write(jsonText(700))
		w.Flush()
		f.Add(z.Bytes(), uint8(level), uint8(100))
	}
	f.Fuzz(func(t *testing.T, p []byte, piece, room uint8) {
		const limit = 1 << 14
		whole, err := inflateStream(t, p, len(p), 1<<10, limit)
		pieces, err2 := inflateStream(t, p, 1+int(piece), 1+int(room), limit)
		if len(whole) == limit || len(pieces) == limit {
			err, err2 = nil, nil // one may have gone on to a fault behind the limit
		}
		if !bytes.Equal(whole, pieces) || err != err2 {
			t.Fatalf("whole: %x, %v; in pieces of %d: %x, %v", whole, err, 1+piece, pieces, err2)
		}
		if err != nil && !errors.Is(err, wire.ErrStreamData) {
			t.Fatal(err)
		}
		reference := func(p []byte) ([]byte, error) {
			return io.ReadAll(io.LimitReader(stdflate.NewReader(bytes.NewReader(p)), limit))
		}
		want, wantErr := reference(p)
		if n := min(len(want), len(whole)); !bytes.Equal(want[:n], whole[:n]) {
			t.Fatalf("reads %x, Go's inflater %x", whole, want)
		}
		if len(want) > len(whole) && err == nil {
			t.Fatalf("reads %d bytes, Go's inflater %d", len(whole), len(want))
		}
		if !errors.Is(wantErr, io.ErrUnexpectedEOF) {
			return
		}
		// Go's inflater reads a symbol only if the end of the block would fit too.
		if want, _ := reference(append(bytes.Clone(p), 0, 0, 0)); !bytes.HasPrefix(want, whole) {
			t.Fatalf("reads %x, which is more than Go's inflater: %x", whole, want)
		}
	})
}

// FuzzStreamRoundTrip checks that each piece can be read as soon as it has arrived, with
// any window.
func FuzzStreamRoundTrip(f *testing.F) {
	f.Add([]byte("Hello, Hello"), uint8(3), uint8(8), uint8(0))
	f.Add(jsonText(500), uint8(100), uint8(15), uint8(40))
	f.Add(jsonText(90), uint8(60), uint8(9), uint8(255))
	f.Fuzz(func(t *testing.T, p []byte, piece, bits, times uint8) {
		from, to := stream(t, extensions.DeflateStream{WindowBits: int(bits % 18)}), stream(t, extensions.DeflateStream{})
		p = bytes.Repeat(p, min(1+int(times), 1+1<<16/max(1, len(p))))
		var all []byte
		for i := 0; i < len(p); {
			n := min(1+int(piece)+i/8, len(p)-i)
			out, err := from.Append([]byte("before"), p[i:i+n])
			sent, ok := bytes.CutPrefix(out, []byte("before"))
			if err != nil || !ok {
				t.Fatal(err)
			}
			if got := readAll(t, to, sent, 1+int(bits)<<4); !bytes.Equal(got, p[i:i+n]) {
				t.Fatalf("%d bytes at %d came back as %d", n, i, len(got))
			}
			all, i = append(all, sent...), i+n
		}
		if got, err := io.ReadAll(stdflate.NewReader(bytes.NewReader(all))); !errors.Is(err, io.ErrUnexpectedEOF) || !bytes.Equal(got, p) {
			t.Fatalf("Go's inflater reads %d of %d bytes: %v", len(got), len(p), err)
		}
	})
}
