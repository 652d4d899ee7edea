package browser

import (
	"encoding/binary"
	"fmt"
	"io"
	"sync"
	"syscall/js"

	"github.com/airsocket/airsocket/wire"
)

// maxUnread is how many bytes the browser may have delivered that have not been read. A
// browser cannot hold its peer up. When nothing else is unread, a message of any length is
// accepted, because its length is a limit of the Socket, and the browser has the message
// in memory already.
const maxUnread = 64 << 20

// shortMessage is the length up to which messages are copied together. Longer ones stay
// in the memory of JavaScript until they are read.
const shortMessage = 4 << 10

// An inbox holds what the browser has delivered, as frames, until it is read.
type inbox struct {
	changed chan struct{} // has an element after each change
	mu      sync.Mutex    // guards what follows
	queue   []piece
	unread  int   // bytes in the queue
	err     error // that follows the queue; nil if more may come
}

// A piece is a part of the stream of frames: some bytes, and the bytes of an array from an
// offset on.
type piece struct {
	bytes  []byte
	array  js.Value // a Uint8Array
	offset int
	length int // of array; 0 without one
}

// copy moves bytes from the beginning of x to p. There is an error if the array is not what it
// was, as somebody else has transferred its buffer.
func (x *piece) copy(p []byte) (n int, err error) {
	n = copy(p, x.bytes)
	x.bytes = x.bytes[n:]
	if m := min(len(p)-n, x.length-x.offset); m > 0 {
		copied := 0
		err = try(func() { copied = js.CopyBytesToGo(p[n:n+m], x.array.Call("subarray", x.offset, x.offset+m)) })
		if err == nil && copied < m {
			err = fmt.Errorf("%w: a message that was not read yet has lost its bytes", ErrFailed)
		}
		x.offset += copied
		n += copied
	}
	return n, err
}

func (x *piece) isEmpty() bool { return len(x.bytes) == 0 && x.offset == x.length }

// Read reads frames. After the last one it returns io.EOF. It returns net.ErrClosed after
// Close, and an error that wraps ErrFailed when more was delivered than may wait to be read.
func (c *Conn) Read(p []byte) (int, error) {
	for len(p) > 0 {
		n, err := c.in.take(p)
		if n > 0 || err != nil {
			return n, err
		}
		<-c.in.changed
	}
	return 0, nil
}

// take moves bytes from the queue to p. It returns 0, nil if more must come first.
func (in *inbox) take(p []byte) (n int, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for n < len(p) && len(in.queue) > 0 {
		x := &in.queue[0]
		m, failed := x.copy(p[n:])
		if n += m; failed != nil {
			in.queue, in.unread, in.err = nil, n, failed
			break
		}
		if x.isEmpty() {
			*x = piece{}
			in.queue = in.queue[1:]
		}
	}
	in.unread -= n
	if n == 0 && len(in.queue) == 0 {
		err = in.err
	}
	return n, err
}

// answer puts the response to the opening handshake before everything else. Nothing is read
// before the request has been written.
func (in *inbox) answer(response []byte) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.queue = append([]piece{{bytes: response}}, in.queue...)
	in.unread += len(response)
	in.changes()
}

// changes wakes Read.
func (in *inbox) changes() {
	select {
	case in.changed <- struct{}{}:
	default:
	}
}

// receive handles the data of a message event: a string or an ArrayBuffer.
func (c *Conn) receive(data js.Value) {
	kind, bytes := wire.Binary, js.Global().Get("Uint8Array")
	switch {
	case data.Type() == js.TypeString:
		kind, data = wire.Text, js.Global().Get("TextEncoder").New().Call("encode", data)
	case data.InstanceOf(js.Global().Get("ArrayBuffer")):
		data = bytes.New(data)
	}
	if !data.InstanceOf(bytes) {
		c.in.end(fmt.Errorf("%w: a message is neither a string nor an ArrayBuffer", ErrFailed), false)
		c.closeAtOnce()
		return
	}
	if !c.in.add(kind, data) {
		c.closeAtOnce()
	}
}

// add appends a message to the queue. It reports false if that would be too much.
func (in *inbox) add(kind wire.Kind, array js.Value) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := array.Length()
	switch {
	case in.err != nil:
		return true // which has been told
	case in.unread > 0 && n > maxUnread-in.unread:
		in.err = fmt.Errorf("%w: more than %d bytes were received while the program did not read, and a browser cannot hold its peer up", ErrFailed, maxUnread)
		in.changes()
		return false
	case n > shortMessage:
		in.push(piece{bytes: appendHeader(nil, kind, n), array: array, length: n})
	default:
		frame := append(appendHeader(nil, kind, n), make([]byte, n)...)
		js.CopyBytesToGo(frame[len(frame)-n:], array)
		in.push(piece{bytes: frame})
	}
	in.changes()
	return true
}

// push appends x to the queue, or to its last element if there are only bytes.
func (in *inbox) push(x piece) {
	in.unread += len(x.bytes) + x.length
	if last := len(in.queue) - 1; last >= 0 && in.queue[last].length == 0 && x.length == 0 {
		in.queue[last].bytes = append(in.queue[last].bytes, x.bytes...)
		return
	}
	in.queue = append(in.queue, x)
}

// appendHeader appends the header of a frame with a whole message of n bytes (RFC 6455,
// section 5.2). A wire.Encoder would need the payload, which is not in Go's memory.
func appendHeader(dst []byte, kind wire.Kind, n int) []byte {
	const final = 0x80
	dst = append(dst, final|byte(kind))
	switch {
	case n < 126:
		return append(dst, byte(n))
	case n < 1<<16:
		return binary.BigEndian.AppendUint16(append(dst, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(dst, 127), uint64(n))
}

// closed handles the close event. Code 1006 means that there was no close frame (RFC 6455,
// section 7.1.5); an Encoder makes none of it, and then only the end of the stream comes.
func (in *inbox) closed(code wire.StatusCode, reason string) {
	in.mu.Lock()
	if in.err == nil {
		var enc wire.Encoder
		enc.Init(config)
		frame, _ := enc.Append(nil, wire.Event{Kind: wire.Close, Code: code, Data: []byte(reason)})
		in.push(piece{bytes: frame})
	}
	in.mu.Unlock()
	in.end(io.EOF, false)
}

// end makes err the end of the stream, unless it has another one. If drop is true nothing
// is left to be read before it.
func (in *inbox) end(err error, drop bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if drop {
		in.queue, in.unread, in.err = nil, 0, err
	}
	if in.err == nil {
		in.err = err
	}
	in.changes()
}
