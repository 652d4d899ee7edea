package wire

// RSV is a set of reserved bits of a frame header, in their place in its first
// byte (RFC 6455, section 5.2).
type RSV uint8

// The reserved bits.
const (
	RSV1 RSV = 0x40
	RSV2 RSV = 0x20
	RSV3 RSV = 0x10
)

// An Extension is an extension that was negotiated for one connection (RFC 6455,
// section 9). It is a [MessageExtension], a [FrameExtension] or both. A Decoder
// calls its methods for decoding and an Encoder those for encoding, which may
// happen at the same time.
//
// An extension that claims no reserved bits decodes every data message or frame
// received. One that claims some decodes only those on which at least one of them
// is set.
type Extension interface {
	// Claims returns the reserved bits whose meaning the extension defines.
	Claims() RSV
}

// A MessageExtension encodes and decodes whole messages, text and binary.
type MessageExtension interface {
	Extension

	// EncodeMessage appends the encoded payload p to dst and returns the
	// result with the reserved bits to set on the first frame. To leave a
	// message unchanged it returns p itself. It must not change or keep p.
	EncodeMessage(dst []byte, kind Kind, p []byte) ([]byte, RSV, error)

	// DecodeMessage appends the decoded payload p, on whose first frame the
	// bits rsv were set, to dst and returns the result. To leave a message
	// unchanged it returns p itself. If limit is positive and the result would
	// be longer than limit bytes, it stops and returns ErrMessageTooBig. An
	// error that is not a *ProtocolError closes the connection as
	// ErrExtensionData does.
	DecodeMessage(dst []byte, kind Kind, rsv RSV, p []byte, limit int) ([]byte, error)
}

// A FrameExtension encodes and decodes single data frames, but not control frames.
// It encodes after all message extensions and decodes before them.
type FrameExtension interface {
	Extension

	// EncodeFrame is EncodeMessage for one frame of a message.
	EncodeFrame(dst []byte, f Frame, p []byte) ([]byte, RSV, error)

	// DecodeFrame is DecodeMessage for one frame of a message.
	DecodeFrame(dst []byte, f Frame, rsv RSV, p []byte, limit int) ([]byte, error)
}

// A Frame describes a frame to a [FrameExtension].
type Frame struct {
	Kind Kind // kind of the message: Text or Binary
	Cont bool // the frame continues a message
	More bool // more frames of the message follow
}
