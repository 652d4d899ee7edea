package extensions

import (
	"sync"

	"github.com/airsocket/airsocket/extensions/internal/inflate"
	"github.com/klauspost/compress/flate"
)

// An encoding holds the settings with which one direction is compressed. The method
// shared returns the same pointer for equal settings.
type encoding struct {
	level     int
	bits      uint8
	threshold int
}

var encodings sync.Map // of encoding to *encoding

func (e encoding) shared() *encoding {
	if p, ok := encodings.Load(e); ok {
		return p.(*encoding)
	}
	p, _ := encodings.LoadOrStore(e, &e)
	return p.(*encoding)
}

// window returns an empty window for sent messages. As a compressor is borrowed for
// one message only, it has to read the whole window first. For 1 KiB of JSON at
// level 1 that takes 9 µs with 4 KiB and 41 µs with 32 KiB, and saves 18 % and 22 %
// of the bytes. So the fast levels look back less far than was negotiated.
func (e *encoding) window() *inflate.Window {
	return inflate.NewWindow(min(1<<e.bits, 2<<10<<e.level))
}

// A compressor compresses messages. It is large, so it is borrowed from a pool for
// each message.
type compressor struct {
	w    *flate.Writer
	out  []byte
	past []byte
}

func (c *compressor) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	return len(p), nil
}

// compressors holds compressors of the levels 1 to 9 at the indexes 1 to 9, and
// compressors for windows of 8 to 14 bits at the indexes 10 to 16.
var compressors [10 + 7]sync.Pool

func getCompressor(level int, bits uint8) (*compressor, *sync.Pool) {
	i := level
	if bits < 15 {
		i = 2 + int(bits)
	}
	pool := &compressors[i]
	if c, ok := pool.Get().(*compressor); ok {
		return c, pool
	}
	c := new(compressor)
	if bits < 15 {
		c.w, _ = flate.NewWriterWindow(c, 1<<bits)
	} else {
		c.w, _ = flate.NewWriter(c, level)
	}
	return c, pool
}

// append appends p, compressed with DEFLATE and ended by a sync flush. Matches can
// refer to past.
func (e *encoding) append(dst []byte, past *inflate.Window, p []byte) []byte {
	bits := e.bits
	if len(p) <= 1<<bits && (past == nil || past.Len() == 0) {
		bits = 15
	}
	c, pool := getCompressor(e.level, bits)
	c.out = dst
	c.past = c.past[:0]
	if past != nil {
		c.past = past.AppendTo(c.past)
	}
	c.w.ResetDict(c, c.past) // Reset would keep the dictionary of the last message
	c.w.Write(p)
	c.w.Flush()
	dst, c.out = c.out, nil
	pool.Put(c)
	return dst
}
