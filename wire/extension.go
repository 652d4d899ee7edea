package wire

// An RSV is a set of reserved bits, each at its position in the first byte of a frame
// header (RFC 6455, section 5.2).
type RSV uint8

// The reserved bits.
const (
	RSV1 RSV = 0x40
	RSV2 RSV = 0x20
	RSV3 RSV = 0x10
)

// An Extension is an extension that was negotiated for one connection (RFC 6455,
// section 9). It is a [MessageExtension], a [FrameExtension] or both. A Decoder
// calls the methods that decode and an Encoder the methods that encode, possibly at
// the same time.
//
// An extension that claims no reserved bits decodes every data message or frame
// received. An extension that claims reserved bits decodes only messages or frames
// with at least one of these bits set.
type Extension interface {
	// Claims returns the reserved bits whose meaning the extension defines.
	Claims() RSV
}

// A MessageExtension encodes and decodes whole messages, text and binary.
type MessageExtension interface {
	Extension

	// EncodeMessage encodes the payload p, appends the result to dst and
	// returns the extended slice and the reserved bits to set on the first
	// frame. To leave a message unchanged, it returns p itself. It must not
	// modify or retain p.
	EncodeMessage(dst []byte, kind Kind, p []byte) ([]byte, RSV, error)

	// DecodeMessage decodes the payload p, whose first frame had the bits rsv
	// set, appends the result to dst and returns the extended slice. To leave a
	// message unchanged, it returns p itself. If limit is positive and the
	// result would be longer than limit bytes, it stops and returns
	// ErrMessageTooBig. An error that does not wrap a *ProtocolError is reported
	// together with ErrExtensionData, as an error that wraps both.
	DecodeMessage(dst []byte, kind Kind, rsv RSV, p []byte, limit int) ([]byte, error)
}

// A PartExtension is a MessageExtension that can also encode a message part by part, as
// the parts become known. It decodes whole messages.
type PartExtension interface {
	MessageExtension

	// EncodePart is like EncodeMessage, for one part of a message that has at least
	// two. It is called for all parts of a message in order, with no other message
	// between them. The payloads of the parts together are the encoded message. Only
	// the reserved bits for the first part count.
	EncodePart(dst []byte, f Frame, p []byte) ([]byte, RSV, error)
}

// A FrameExtension encodes and decodes single data frames, but not control frames.
// It encodes after all message extensions and decodes before them.
type FrameExtension interface {
	Extension

	// EncodeFrame is like EncodeMessage, for one frame of a message.
	EncodeFrame(dst []byte, f Frame, p []byte) ([]byte, RSV, error)

	// DecodeFrame is like DecodeMessage, for one frame of a message.
	DecodeFrame(dst []byte, f Frame, rsv RSV, p []byte, limit int) ([]byte, error)
}

// A Frame describes a frame to a [FrameExtension], and a part of a message, which becomes
// one frame, to a [PartExtension].
type Frame struct {
	Kind Kind // kind of the message: Text or Binary
	Cont bool // the frame continues a message
	More bool // more frames of the message follow
}
