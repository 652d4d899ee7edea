package airsocket

import (
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// An extension below the frames (deflate-stream) is a layer beside the Decoder and the
// Encoder: an inflow is in front of the one, and an outflow behind the other.

// An inflow decodes what the Decoder is fed with, a piece at a time.
type inflow struct {
	stream extensions.Stream
	piece  *wire.Buffer // that the Decoder has; nil when all has been decoded
	failed bool
}

const pieceSize = 16 << 10

func (x *inflow) feed(p []byte) {
	if !x.failed {
		x.stream.Feed(p)
	}
}

// next feeds dec with the next piece. It returns false if there is none.
func (x *inflow) next(dec *wire.Decoder) (some bool, err error) {
	if x.failed {
		return false, nil
	}
	if x.piece == nil {
		x.piece = buffers.Get(pieceSize)
	}
	n, err := x.stream.Read(x.piece.B[:pieceSize])
	if err != nil {
		x.failed = true
		return false, wire.ErrStreamData
	}
	if n == 0 {
		x.releasePiece()
		return false, nil
	}
	dec.Feed(x.piece.B[:n])
	return true, nil
}

func (x *inflow) releasePiece() {
	if x.piece != nil {
		buffers.Put(x.piece)
		x.piece = nil
	}
}

// close lets go of the stream, which the outflow must not use any more.
func (x *inflow) close() {
	x.releasePiece()
	x.stream.Close()
}

// An outflow encodes what the Encoder has returned, as much at a time as is written at
// a time: what comes in one piece is shorter.
type outflow struct{ stream extensions.Stream }

// encode returns what stands for the frames in b, and takes b back.
func (x *outflow) encode(b *wire.Buffer) (*wire.Buffer, error) {
	out := buffers.Get(len(b.B))
	var err error
	out.B, err = x.stream.Append(out.B, b.B)
	buffers.Put(b)
	return out, err
}
