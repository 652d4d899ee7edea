package wire

// RSV is a set of the reserved bits of a frame header, in their place in its
// first byte (RFC 6455, section 5.2).
type RSV uint8

// The reserved bits.
const (
	RSV1 RSV = 0x40
	RSV2 RSV = 0x20
	RSV3 RSV = 0x10
)

// An Extension is what has been negotiated for one connection (RFC 6455,
// section 9): a [MessageExtension], a [FrameExtension] or both. A Decoder calls
// it only from the goroutine that reads, an Encoder only under the lock of what
// is sent; the two may happen at the same time.
//
// One that claims no reserved bits sees every data message or frame that comes
// in. One that claims some sees only those that carry at least one of them.
type Extension interface {
	// Claims are the reserved bits whose meaning this extension defines.
	Claims() RSV
}

// A MessageExtension works on whole messages, text and binary.
type MessageExtension interface {
	Extension

	// EncodeMessage appends to dst what shall be sent for the payload p, and
	// returns it with the bits for the first frame. To leave a message as it
	// is it returns p itself. It may not change p or keep it.
	EncodeMessage(dst []byte, kind Kind, p []byte) ([]byte, RSV, error)

	// DecodeMessage appends to dst the message that the payload p, whose first
	// frame had the bits rsv, stands for. To leave a message as it is it
	// returns p itself. A result longer than limit bytes (if limit is
	// positive) is not made: the error is ErrMessageTooBig then. An error that
	// is no *ProtocolError closes the connection as ErrExtensionData does.
	DecodeMessage(dst []byte, kind Kind, rsv RSV, p []byte, limit int) ([]byte, error)
}

// A FrameExtension works on single data frames; control frames pass it by. On
// the way out it comes after all message extensions, on the way in before them.
type FrameExtension interface {
	Extension

	// EncodeFrame is EncodeMessage for one frame of a message.
	EncodeFrame(dst []byte, f Frame, p []byte) ([]byte, RSV, error)

	// DecodeFrame is DecodeMessage for one frame of a message.
	DecodeFrame(dst []byte, f Frame, rsv RSV, p []byte, limit int) ([]byte, error)
}

// Frame tells a [FrameExtension] which frame of which message it is given.
type Frame struct {
	Kind Kind // Text or Binary: the message's
	Cont bool // not the first frame of it
	More bool // not the last frame of it
}
