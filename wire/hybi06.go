package wire

import (
	"encoding/binary"

	"github.com/airsocket/airsocket/wire/internal/mask"
)

// hybi06 is the framing of draft 06. A client's frame begins with the key, which masks
// the header, too; there is no MASK bit, as the role alone decides. The status codes
// are the same as in draft 07.
//
//	0 or 4 bytes of key | FIN RSV1-3 opcode | RSV4 length | 0, 2 or 8 bytes of length | payload
type hybi06 struct{ hybi07 }

// These tables translate the opcodes of draft 06, section 4.3, to kinds and back.
var (
	opcodes06 = [...]Kind{continuation, Close, Ping, Pong, Text, Binary}
	kinds06   = [...]byte{Close: 1, Ping: 2, Pong: 3, Text: 4, Binary: 5}
)

// forgives returns false because no client of this version is known to send invalid
// codes.
func (hybi06) forgives() bool { return false }

func (hybi06) parseHeader(p []byte, role Role, f *frame) (int, *ProtocolError) {
	keyed := 0
	f.key = 0
	if role == Server {
		if len(p) < 4 {
			return short, nil
		}
		f.key, keyed = binary.LittleEndian.Uint32(p), 4
	}
	var buf [10]byte
	head := buf[:min(len(p)-keyed, len(buf))]
	if len(head) < 2 {
		return short, nil
	}
	mask.XOR(head, p[keyed:], f.key)
	if int(head[0]&0x0F) >= len(opcodes06) {
		return 0, ErrUnknownOpcode
	}
	if head[1] >= 0x80 { // RSV4
		return 0, ErrReservedBits
	}
	length, used := payloadLength(head[1:])
	if used == 0 {
		return short, nil
	}
	if length>>63 != 0 {
		return 0, ErrLengthOverflow
	}
	f.op, f.rsv, f.fin = opcodes06[head[0]&0x0F], RSV(head[0]&0x70), head[0] >= 0x80
	f.left, f.key = length, mask.Rotate(f.key, 1+used)
	return keyed + 1 + used, nil
}

func (hybi06) appendHeader(dst []byte, role Role, f frame) ([]byte, uint32) {
	f.op = Kind(kinds06[f.op])
	if role == Server {
		return appendLength(append(dst, firstByte(f)), 0, f.left), 0
	}
	dst = binary.LittleEndian.AppendUint32(dst, f.key)
	start := len(dst)
	dst = appendLength(append(dst, firstByte(f)), 0, f.left)
	head := dst[start:]
	mask.XOR(head, head, f.key)
	return dst, mask.Rotate(f.key, len(head))
}
