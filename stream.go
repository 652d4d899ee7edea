package airsocket

import (
	"github.com/airsocket/airsocket/extensions"
	"github.com/airsocket/airsocket/internal/buffers"
	"github.com/airsocket/airsocket/wire"
)

// An extension that works below the frames (deflate-stream) is a layer beside the
// Decoder and the Encoder: an inflow decodes the input of the Decoder, and an outflow
// encodes the output of the Encoder.

// An inflow decodes what is received and feeds it to the Decoder, one piece at a time.
type inflow struct {
	stream extensions.Stream
	piece  *wire.Buffer // the input of the Decoder; nil when all has been decoded
	failed bool
}

// pieceSize is how many decoded bytes are fed to the Decoder at a time.
const pieceSize = 16 << 10

func (x *inflow) feed(p []byte) {
	if !x.failed {
		x.stream.Feed(p)
	}
}

// next feeds the next piece to dec. It returns false if there is none.
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

// close releases the stream. The outflow must not use it any more.
func (x *inflow) close() {
	x.releasePiece()
	x.stream.Close()
}

// An outflow encodes the output of the Encoder. It encodes what is written at a time,
// because several frames together become shorter than each by itself.
type outflow struct{ stream extensions.Stream }

// encode returns the encoded frames of b. It puts b back.
func (x *outflow) encode(b *wire.Buffer) (*wire.Buffer, error) {
	out := buffers.Get(len(b.B))
	var err error
	out.B, err = x.stream.Append(out.B, b.B)
	buffers.Put(b)
	return out, err
}
