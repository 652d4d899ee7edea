package inflate_test

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
	"github.com/airsocket/airsocket/extensions/internal/sample"
)

// FuzzInflate decodes arbitrary bytes. The output never exceeds the limit and does
// not depend on the buffer. Whatever Go's inflater reads to the end is read in the
// same way here, also if it refers back to a previous message.
func FuzzInflate(f *testing.F) {
	for _, s := range []string{"\xf2\x48\xcd\xc9\xc9\x07\x00", "\x00\x05\x00\xfa\xffHello\x00", "\xf3\x48\xcd\xc9\xc9\x07\x00\x00", "\x00", "", "\x06", "\xf2\x00\x11\x00"} {
		f.Add([]byte(s))
		for bit := range 8 * len(s) { // most of them are invalid
			p := []byte(s)
			p[bit/8] ^= 1 << (bit % 8)
			f.Add(p)
		}
	}
	for _, s := range inflateShapes(1 << 10) {
		f.Add(bytes.TrimSuffix(s.messages[0], []byte(flushed)))
	}
	for level := range 10 {
		var z bytes.Buffer
		w, _ := stdflate.NewWriter(&z, level)
		w.Write(sample.Message(rand.New(rand.NewSource(int64(level))), 3000))
		w.Flush()
		f.Add(z.Bytes())
	}
	r := rand.New(rand.NewSource(1))
	for range 3 {
		var w bitWriter
		w.header(randomCode(r, 286), randomCode(r, 30))
		for range 50 {
			w.number(r.Intn(256), 8)
		}
		f.Add(w.b)
	}
	context := sample.JSON(1, 300)
	before := bytes.TrimSuffix(compressed("", stdflate.BestSpeed, len(context), context).messages[0], []byte(flushed))
	z := stdflate.NewReader(nil)
	const last, marked = "\x01\x00\x00\xff\xff", "\x01\x01\x00\xfe\xff!" // blocks of no bytes, and of one
	ending := func(p, past []byte, n int64, block string) ([]byte, error) {
		z.(stdflate.Resetter).Reset(io.MultiReader(bytes.NewReader(p), strings.NewReader(flushed+block)), past)
		return io.ReadAll(io.LimitReader(z, n))
	}
	reference := func(p, past []byte, n int64) ([]byte, error) { return ending(p, past, n, last) }
	f.Fuzz(func(t *testing.T, p []byte) {
		const limit = 1 << 16
		want, wantErr := reference(p, nil, limit+1)
		got, err := inflate.Append(nil, p, inflate.MaxWindow, nil, limit)
		if len(got) > limit {
			t.Fatalf("%d bytes with a limit of %d", len(got), limit)
		}
		if wantErr == nil && len(want) > limit && err == nil {
			t.Fatal("more than the limit was accepted")
		}
		if wantErr == nil && len(want) <= limit && err == nil && !bytes.HasPrefix(got, want) {
			t.Fatalf("reads %x, Go's inflater %x", got, want)
		}
		if errors.Is(err, inflate.ErrTooLong) && wantErr == nil && len(want) < limit && !endsEarly(p) {
			t.Fatalf("rejected as too long, but its length is %d", len(want))
		}
		if err != nil && wantErr == nil && len(want) < limit {
			// Go's inflater goes on after p only if p ends with a flush, or if it has read the
			// rest of a block in what follows.
			if more, err2 := ending(p, nil, limit+1, marked); err2 == nil && string(more) == string(want)+"!" && !bytes.HasSuffix(want, []byte(flushed)) {
				t.Fatalf("%v, but Go's inflater reads %x", err, want)
			}
		}
		if corrupt, ok := errors.AsType[stdflate.CorruptInputError](wantErr); ok && err == nil && int64(corrupt) <= int64(len(p)) {
			t.Fatalf("reads %x, but Go's inflater says %v", got, wantErr)
		}

		roomy, roomyErr := inflate.Append(make([]byte, 0, 2*limit), p, inflate.MaxWindow, inflate.NewWindow(inflate.MaxWindow), limit)
		if !bytes.Equal(got, roomy) || err != roomyErr {
			t.Fatalf("%d bytes, %v; with a large buffer %d bytes, %v", len(got), err, len(roomy), roomyErr)
		}

		past := inflate.NewWindow(inflate.MaxWindow)
		if _, err := inflate.Append(nil, before, inflate.MaxWindow, past, 0); err != nil {
			t.Fatal(err)
		}
		after, afterErr := inflate.Append(nil, p, inflate.MaxWindow, past, limit)
		if err == nil && (afterErr != nil || !bytes.Equal(after, got)) {
			t.Fatalf("reads %x, but after another message %x, %v", got, after, afterErr)
		}
		if want, err := reference(p, context, limit+1); err == nil && len(want) <= limit && afterErr == nil && !bytes.HasPrefix(after, want) {
			t.Fatalf("reads %x after a message, Go's inflater %x", after, want)
		}

		var s inflate.Stream
		s.Init(inflate.MaxWindow)
		defer s.Close()
		var pieces []byte
		dst := make([]byte, 100)
		for i := 0; i < len(p) && len(pieces) < limit; i++ {
			s.Feed(p[i : i+1])
			for {
				n, err := s.Read(dst)
				if err != nil {
					return
				}
				if n == 0 {
					break
				}
				pieces = append(pieces, dst[:n]...)
			}
		}
		if err == nil && !bytes.Equal(got, pieces) {
			t.Fatalf("byte by byte it reads %x, whole %x", pieces, got)
		}
	})
}

// endsEarly reports whether Go's inflater stops before the end of p, at a final
// block.
func endsEarly(p []byte) bool {
	r := bytes.NewReader(p)
	_, err := io.Copy(io.Discard, io.LimitReader(stdflate.NewReader(r), 1<<20))
	return err == nil
}
