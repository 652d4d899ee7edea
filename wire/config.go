package wire

// Config is what both halves of an endpoint have in common. It is not changed
// once in use, and endpoints whose Config would be the same may share one.
type Config struct {
	Version Version
	Role    Role // of this endpoint

	// MaxFrame and MaxMessage bound the payload bytes of a frame and of a
	// message, as received and after decoding by extensions. Zero or less
	// means no bound.
	MaxFrame, MaxMessage int

	// Parts makes the Decoder deliver the parts of a fragmented message as
	// they come rather than the whole (AS3WebSocket's assembleFragments =
	// false). A part is the payload of one frame; one of a text may begin or
	// end within a rune. A message that a MessageExtension works on is one part.
	Parts bool

	// FragmentSize splits messages longer than so many bytes into frames of at
	// most that (AS3WebSocket's fragmentationThreshold). Zero or less: never.
	// The hixie versions have no fragments.
	FragmentSize int

	// Extensions, in the negotiated order: a message is encoded by the first
	// one first and decoded by the last one first (RFC 6455, section 9.1).
	Extensions []Extension

	// Memory lends the buffers for messages that do not arrive in one piece
	// and for what extensions make. It is called by Decoder and Encoder, which
	// may happen at the same time. Nil allocates them.
	Memory Memory

	// MaskKey makes the masking key of a client's next frame. It must be
	// unpredictable (RFC 6455, section 10.3). Nil masks with zeroes, which is
	// for tests.
	MaskKey func() [4]byte
}

// A Buffer is memory that a [Memory] lends.
type Buffer struct {
	B []byte

	// Shared says that others read B too: it is not to be changed, and giving
	// it back does nothing.
	Shared bool
}

// Memory lends buffers.
type Memory interface {
	// Get returns a Buffer with len(B) == 0 and cap(B) >= n.
	Get(n int) *Buffer
	// Put takes back what Get returned. B may have been replaced by a bigger one.
	Put(*Buffer)
}
