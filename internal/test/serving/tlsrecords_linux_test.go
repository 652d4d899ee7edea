package serving

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// A recordConn is a client of TLS 1.3 that writes the records itself, and so can write
// some that crypto/tls does not write.
type recordConn struct {
	*tls.Conn
	t      testing.TB
	size   int // bytes of data in a record at most
	segs   int // bytes in a write of TCP at most
	secret []byte
	seq    uint64
	aead   cipher.AEAD
	iv     []byte
}

// The types of records (RFC 8446, section 5.1).
const (
	handshakeRecord = 22
	dataRecord      = 23
)

// dialRecords connects to a Server, and performs the handshake of TLS.
func dialRecords(t testing.TB, url string) (*wstest.RawPeer, *recordConn) {
	t.Helper()
	tcp, err := net.Dial("tcp", wstest.HostOf(url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tcp.Close() })
	var log bytes.Buffer
	secure := tls.Client(tcp, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, KeyLogWriter: &log})
	secure.SetDeadline(time.Now().Add(3 * wstest.Patience))
	if err := secure.Handshake(); err != nil {
		t.Fatal(err)
	}
	if secure.ConnectionState().CipherSuite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("another cipher suite is preferred here")
	}
	c := &recordConn{Conn: secure, t: t, size: 16 << 10, segs: 1 << 20}
	for line := range strings.Lines(log.String()) {
		if f := strings.Fields(line); f[0] == "CLIENT_TRAFFIC_SECRET_0" {
			if c.secret, err = hex.DecodeString(f[2]); err != nil {
				t.Fatal(err)
			}
		}
	}
	c.rekey()
	return wstest.NewRawPeer(t, c, true), c
}

// expand is HKDF-Expand-Label (RFC 8446, section 7.1).
func (c *recordConn) expand(label string, n int) []byte {
	label = "tls13 " + label
	info := string([]byte{0, byte(n), byte(len(label))}) + label + "\x00"
	key, err := hkdf.Expand(sha256.New, c.secret, info, n)
	if err != nil {
		c.t.Fatal(err)
	}
	return key
}

func (c *recordConn) rekey() {
	block, err := aes.NewCipher(c.expand("key", 16))
	if err == nil {
		c.aead, err = cipher.NewGCM(block)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.iv, c.seq = c.expand("iv", 12), 0
}

// record returns a record.
func (c *recordConn) record(kind byte, data []byte) []byte {
	inner := append(bytes.Clone(data), kind)
	head := []byte{dataRecord, 3, 3, 0, 0}
	binary.BigEndian.PutUint16(head[3:], uint16(len(inner)+c.aead.Overhead()))
	nonce := bytes.Clone(c.iv)
	for i := range 8 {
		nonce[4+i] ^= byte(c.seq >> (56 - 8*i))
	}
	c.seq++
	return c.aead.Seal(bytes.Clone(head), nonce, inner, head)
}

// keyUpdate returns the records that update the key, with the message cut into parts. If
// answer is true, the other end has to update its key too.
func (c *recordConn) keyUpdate(answer byte, parts ...int) (records []byte) {
	msg := []byte{24, 0, 0, 1, answer}
	for _, n := range parts {
		records = append(records, c.record(handshakeRecord, msg[:n])...)
		msg = msg[n:]
	}
	records = append(records, c.record(handshakeRecord, msg)...)
	c.secret = c.expand("traffic upd", 32)
	c.rekey()
	return records
}

// Write writes p in records.
func (c *recordConn) Write(p []byte) (int, error) {
	var b []byte
	for rest := p; len(rest) > 0; {
		n := min(len(rest), c.size)
		b = append(b, c.record(dataRecord, rest[:n])...)
		rest = rest[n:]
	}
	return len(p), c.send(b)
}

// send writes records.
func (c *recordConn) send(records []byte) error {
	for len(records) > 0 {
		n := min(len(records), c.segs)
		if _, err := c.NetConn().Write(records[:n]); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// TestRecords checks that messages arrive however they are cut into records, and those
// into segments of TCP.
func TestRecords(t *testing.T) {
	for _, size := range []int{1, 7, 1000, 16 << 10} {
		for _, segs := range []int{1, 100, 1 << 20} {
			if size*segs == 1 {
				continue // takes long
			}
			t.Run(fmt.Sprintf("%d/%d", size, segs), func(t *testing.T) {
				h := newHost(t, wstest.ByTLS, nil)
				p, c := dialRecords(t, h.url)
				c.size, c.segs = size, segs
				p.Open()
				var all []byte
				texts := []string{"", "x", strings.Repeat("y", 994), strings.Repeat("z", 3000)}
				for _, text := range texts {
					all = append(all, p.Frame(wstest.OpText, text)...)
				}
				p.WriteRaw(all) // several messages in a record, or several records in a message
				for _, text := range texts {
					p.Want(wstest.OpText, text)
				}
				for _, text := range texts { // one ends where a record does
					p.Send(wstest.OpText, text)
					p.Want(wstest.OpText, text)
				}
			})
		}
	}
}

// TestKeyUpdate checks that the keys of TLS can be updated between messages.
func TestKeyUpdate(t *testing.T) {
	h := newHost(t, wstest.ByTLS, nil)
	p, c := dialRecords(t, h.url)
	p.Open()
	for answer := range byte(2) {
		for _, parts := range [][]int{nil, {1}, {4}, {1, 2, 1}} {
			for _, c.segs = range []int{1, 1 << 20} {
				if err := c.send(c.keyUpdate(answer, parts...)); err != nil {
					t.Fatal(err)
				}
				echo(p)
				records := c.keyUpdate(answer, parts...)
				records = append(records, c.record(dataRecord, p.Frame(wstest.OpText, "after it"))...)
				if err := c.send(records); err != nil {
					t.Fatal(err)
				}
				p.Want(wstest.OpText, "after it")
			}
		}
	}
}

// TestKeyUpdatesUnread checks that a connection ends whose peer asks for updates of keys
// again and again, without reading the answers.
func TestKeyUpdatesUnread(t *testing.T) {
	if !haveWorkers {
		t.Skip("the goroutine of the connection waits for the peer to read")
	}
	h := newHost(t, wstest.ByTLS, noTimeouts)
	p, c := dialRecords(t, h.url)
	p.Open()
	at := wstest.Receive(t, h.conns)
	wstest.Below(at.Socket.Conn()).(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(4 << 10)
	for updates := 0; ; updates++ {
		// Without a message in between, crypto/tls ends the connection itself.
		records := append(c.keyUpdate(1), c.record(dataRecord, p.Frame(wstest.OpPong, ""))...)
		if c.send(records) != nil {
			break
		}
		if updates == 1<<19 { // 13 MiB of answers
			t.Fatal("the connection has not ended")
		}
	}
	wstest.Receive(t, at.closed)
	if err := at.Err.Err; !strings.Contains(err.Error(), "than it reads") {
		t.Errorf("the error is %v", err)
	}
}

// TestUnexpectedMessageOfTLS checks that a message of TLS that must not come ends the
// connection, after what came before it and before what follows, although crypto/tls
// would go on after the error.
func TestUnexpectedMessageOfTLS(t *testing.T) {
	finished := append([]byte{20, 0, 0, 32}, make([]byte, 32)...)
	for _, together := range []bool{true, false} {
		h := newHost(t, wstest.ByTLS, nil)
		p, c := dialRecords(t, h.url)
		p.Open()
		at := wstest.Receive(t, h.conns)
		records := c.record(dataRecord, p.Frame(wstest.OpText, "before"))
		if !together {
			c.send(records)
			p.Want(wstest.OpText, "before")
			records = nil
		}
		records = append(records, c.record(handshakeRecord, finished)...)
		records = append(records, c.record(dataRecord, p.Frame(wstest.OpText, "after"))...)
		c.send(records)
		wstest.Receive(t, at.closed)
		at.Want("open", "text before", "error", `close 1006 "" unclean`)
	}
}
