package extensions_test

import (
	"bytes"
	stdflate "compress/flate"
	"errors"
	"io"
	"math/rand"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/wire"
)

// Arbitrary bytes: no more than the limit comes out, the same whatever room
// there is, and what Go's own inflater reads to the end is read here too, also
// where it refers back to a message before it.
func FuzzInflate(f *testing.F) {
	for _, s := range []string{"f248cdc9c90700", "000500faff48656c6c6f00", "f348cdc9c9070000", "00", "", "06", "f2001100"} {
		f.Add(unhex(f, s))
	}
	for level := range 10 {
		var z bytes.Buffer
		w, _ := stdflate.NewWriter(&z, level)
		w.Write(message(rand.New(rand.NewSource(int64(level))), 3000))
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
	context := jsonText(300)
	before := bytes.TrimSuffix(compressed("", stdflate.BestSpeed, len(context), context).messages[0], []byte(flushed))
	z := stdflate.NewReader(nil)
	reference := func(p, past []byte, n int64) ([]byte, error) {
		z.(stdflate.Resetter).Reset(io.MultiReader(bytes.NewReader(p), strings.NewReader("\x00\x00\xff\xff\x01\x00\x00\xff\xff")), past)
		return io.ReadAll(io.LimitReader(z, n))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		const limit = 1 << 16
		want, wantErr := reference(p, nil, limit+1)
		_, client := pair(t, extensions.PermessageDeflate{})
		got, err := client.DecodeMessage(nil, wire.Binary, wire.RSV1, p, limit)
		if len(got) > limit {
			t.Fatalf("%d bytes with a limit of %d", len(got), limit)
		}
		if wantErr == nil && len(want) > limit && err == nil {
			t.Fatal("more than the limit was accepted")
		}
		if wantErr == nil && len(want) <= limit && err == nil && !bytes.HasPrefix(got, want) {
			t.Fatalf("reads %x, Go's inflater %x", got, want)
		}
		if errors.Is(err, wire.ErrMessageTooBig) && wantErr == nil && len(want) < limit && !endsEarly(p) {
			t.Fatalf("refused as too big, but it is %d", len(want))
		}

		_, client = pair(t, extensions.PermessageDeflate{})
		roomy, roomyErr := client.DecodeMessage(make([]byte, 0, 2*limit), wire.Binary, wire.RSV1, p, limit)
		if !bytes.Equal(got, roomy) || err != roomyErr {
			t.Fatalf("%d bytes, %v; with much room %d bytes, %v", len(got), err, len(roomy), roomyErr)
		}

		_, client = pair(t, extensions.PermessageDeflate{})
		if _, err := client.DecodeMessage(nil, wire.Binary, wire.RSV1, before, 0); err != nil {
			t.Fatal(err)
		}
		after, afterErr := client.DecodeMessage(nil, wire.Binary, wire.RSV1, p, limit)
		if err == nil && (afterErr != nil || !bytes.Equal(after, got)) {
			t.Fatalf("reads %x, but after another message %x, %v", got, after, afterErr)
		}
		if want, err := reference(p, context, limit+1); err == nil && len(want) <= limit && afterErr == nil && !bytes.HasPrefix(after, want) {
			t.Fatalf("reads %x after a message, Go's inflater %x", after, want)
		}

		s := stream(t, extensions.DeflateStream{})
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

// endsEarly reports whether Go's inflater stops before the end of p, at a final block.
func endsEarly(p []byte) bool {
	r := bytes.NewReader(p)
	_, err := io.Copy(io.Discard, io.LimitReader(stdflate.NewReader(r), 1<<20))
	return err == nil
}

// Any message at any level and window is read by Go's own inflater with the
// context of the one before. Long messages are repetitions, since fuzzing does
// little with long inputs.
func FuzzDeflate(f *testing.F) {
	f.Add([]byte("Hello"), []byte("Hello"), uint8(0), uint8(1), uint8(15))
	f.Add(jsonText(200), jsonText(400), uint8(9), uint8(6), uint8(8))
	f.Add(make([]byte, 300), []byte{}, uint8(255), uint8(9), uint8(12))
	f.Fuzz(func(t *testing.T, first, second []byte, times, level, bits uint8) {
		server, client := pair(t, extensions.PermessageDeflate{Threshold: -1, Level: 1 + int(level%9), ServerMaxWindowBits: 8 + int(bits%8)})
		ref := &reference{takeover: true}
		n := min(1+int(times), 1+1<<17/max(1, len(first)))
		roundTrip(t, server, client, bytes.Repeat(first, n), ref)
		roundTrip(t, server, client, second, ref)
	})
}
