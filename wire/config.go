package wire

// A Config holds the settings that the Decoder and the Encoder of an endpoint share.
// It must not be changed while it is in use. Endpoints with the same settings may
// share one.
type Config struct {
	Version Version
	Role    Role // of this endpoint

	// MaxFrame and MaxMessage limit the payload of a received frame and
	// message, in bytes, both as received and after decoding by extensions.
	// Zero or less means no limit.
	MaxFrame, MaxMessage int

	// Parts makes the Decoder deliver a fragmented message in parts as they
	// arrive instead of as a whole (AS3WebSocket's assembleFragments = false).
	// A part is the payload of one frame. A part of a text may begin or end
	// within a rune. A message that a MessageExtension has encoded is
	// delivered as one part.
	Parts bool

	// FragmentSize makes the Encoder split messages into frames with payloads of at
	// most FragmentSize bytes (AS3WebSocket's fragmentationThreshold). Zero or
	// less means that messages are never split. The hixie versions have no
	// fragments.
	FragmentSize int

	// Extensions lists the extensions in the order in which they were
	// negotiated: the first one is the first to encode a message and the last
	// to decode one (RFC 6455, section 9.1).
	Extensions []Extension

	// Memory lends the buffers for messages that do not arrive in one piece
	// and for the output of extensions. The Decoder and the Encoder may call
	// it concurrently. If it is nil, buffers are allocated.
	Memory Memory

	// MaskKey returns the masking key of a client's next frame. It must be
	// unpredictable (RFC 6455, section 10.3). If it is nil, all keys are zero,
	// which is useful only in tests.
	MaskKey func() [4]byte
}

// A Buffer is memory that a [Memory] lends.
type Buffer struct {
	B []byte

	// Shared means that B has other readers: it must not be modified, and Put
	// ignores the Buffer.
	Shared bool
}

// A Memory lends buffers.
type Memory interface {
	// Get returns a Buffer with len(B) == 0 and cap(B) >= n.
	Get(n int) *Buffer
	// Put takes back a Buffer that Get returned. B may have been replaced by a
	// larger slice.
	Put(*Buffer)
}
