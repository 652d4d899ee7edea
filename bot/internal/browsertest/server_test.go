package browsertest

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/airsocket/airsocket/internal/test/wstest"
)

// patience is how long a test waits for something that should happen at once.
const patience = 20 * time.Second

// A server answers one script. It does not use the library, and the script chooses with
// the URL what it does:
//
//	/page/FILE      the page with the script
//	/echo           accepts, and sends messages back
//	/describe       accepts, and answers each message with its kind, length and bytes
//	/headers?NAME   accepts, and sends the fields of the request with the names that are given
//	/do?STEPS       accepts, and does the steps; see perform
//	/deflate?STEPS  as /do, with permessage-deflate
//	/respond?TEXT   answers with this text, in which {accept} stands for the field's value,
//	                and then does as /echo
//	/request?NAMES  answers with the method, the fields with these names, and the body
//	/redirect?CODE,PATH  answers with this status, and the path as Location
//	/hold?NAME      tells /control that it has been asked, waits for it, and does as /echo
//	/control        accepts, and sends what it is told; the message "go" lets one /hold go on,
//	                and others are sent back
//	/hang           never answers
//	/log            when all other connections have ended, sends what was logged, a line each
type server struct {
	t        testing.TB
	listener net.Listener
	script   string // its file
	address  string
	closed   string // an address that refuses connections

	mu     sync.Mutex
	idle   sync.Cond // active is 0
	active int       // connections that have asked for something else than /log or /page
	log    []string

	control chan string   // what /hold tells
	release chan struct{} // a value for each /hold that goes on
}

// serve starts a server for a script, until the end of the test.
func serve(t testing.TB, script string) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, listener: l, script: script, address: l.Addr().String(), control: make(chan string, 100), release: make(chan struct{}, 100)}
	s.idle.L = &s.mu
	outgoing, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	s.closed = outgoing.LocalAddr().String() // nobody else gets it, and nobody listens on it
	var conns sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		outgoing.Close()
		conns.Wait()
	})
	conns.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer bound(t, c)()
				s.answer(&conn{TCPConn: c.(*net.TCPConn), r: bufio.NewReader(c), server: s})
			})
		}
	})
	return s
}

// bound closes a connection at the end of the test. What it returns closes it earlier.
func bound(t testing.TB, c net.Conn) (end func()) {
	c.SetDeadline(time.Now().Add(patience))
	over := make(chan struct{})
	go func() {
		select {
		case <-t.Context().Done():
		case <-over:
		}
		c.Close()
	}()
	return func() { close(over) }
}

// page returns the URL of the page with the script.
func (s *server) page() string { return "http://" + s.address + "/page/index.html?query#fragment" }

// mask replaces what differs from run to run.
func (s *server) mask(line string) string {
	_, port, _ := net.SplitHostPort(s.address)
	return strings.NewReplacer(s.address, "HOST", port, "PORT", s.closed, "CLOSED").Replace(line)
}

// note adds a line to the log.
func (s *server) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, fmt.Sprintf(format, args...))
}

// enter counts a connection until the function that it returns is called.
func (s *server) enter() (leave func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.active--; s.active == 0 {
			s.idle.Broadcast()
		}
	}
}

// A conn is a connection to the server.
type conn struct {
	*net.TCPConn
	r      *bufio.Reader
	server *server
	req    *http.Request
}

// answer does what the first request of a connection asks for.
func (s *server) answer(c *conn) {
	req, err := http.ReadRequest(c.r)
	if err != nil {
		return // a browser may connect and have nothing to ask for
	}
	c.req = req
	switch dir, name := path.Split(req.URL.Path); {
	case dir == "/page/" && req.Header.Get("Upgrade") == "":
		s.file(c, name)
		return
	case name == "log":
		s.sendLog(c)
		return
	}
	defer s.enter()()
	if asked := req.Header.Values("Sec-WebSocket-Protocol"); asked != nil {
		s.note("%s: asked for subprotocol %s", req.URL.Path, strings.Join(asked, " | "))
	}
	query, _ := url.PathUnescape(req.URL.RawQuery)
	switch req.URL.Path {
	case "/echo":
		c.accept("")
		c.serve(c.echo)
	case "/describe":
		c.accept("")
		c.serve(c.describe)
	case "/headers":
		c.accept("")
		for _, name := range strings.Split(query, ",") {
			c.Write(wstest.Frame(false, wstest.OpText, name+": "+strings.Join(req.Header.Values(name), " | ")))
		}
		c.serve(c.echo)
	case "/do":
		c.accept("")
		c.perform(req.URL.RawQuery)
	case "/deflate":
		c.accept("Sec-WebSocket-Extensions: permessage-deflate\r\n")
		c.perform(req.URL.RawQuery)
	case "/respond":
		io.WriteString(c, strings.ReplaceAll(query, "{accept}", c.key()))
		if strings.Contains(query, "{accept}") {
			c.serve(c.echo)
		}
	case "/request":
		c.describeRequest(query)
	case "/redirect":
		code, target, _ := strings.Cut(query, ",")
		fmt.Fprintf(c, "HTTP/1.1 %s Moved\r\nLocation: %s\r\nContent-Length: 5\r\nConnection: close\r\n\r\nmoved", code, target)
	case "/hold":
		s.control <- query + " asks"
		select {
		case <-s.release:
		case <-s.t.Context().Done():
		}
		s.control <- query + " is answered"
		c.accept("")
		c.serve(c.echo)
	case "/control":
		c.accept("")
		go c.serve(func(op byte, data string) {
			if data == "go" {
				s.release <- struct{}{}
			} else {
				s.control <- data
			}
		})
		for {
			select {
			case text := <-s.control:
				c.echo(wstest.OpText, text)
			case <-s.t.Context().Done():
				return
			}
		}
	case "/hang":
		io.Copy(io.Discard, c.r)
	default:
		s.note("%s %s", req.Method, req.RequestURI)
		if req.Header.Get("Upgrade") == "" {
			io.WriteString(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		c.accept("")
		c.serve(c.echo)
	}
}

// describeRequest answers with the request.
func (c *conn) describeRequest(names string) {
	body, err := io.ReadAll(c.req.Body)
	if err != nil {
		c.server.note("%s: %v", c.req.RequestURI, err)
	}
	var text strings.Builder
	text.WriteString(c.req.Method)
	for _, name := range strings.Split(names, ",") {
		if values := c.req.Header.Values(name); values != nil {
			fmt.Fprintf(&text, " [%s: %+q]", name, strings.Join(values, " | "))
		}
	}
	fmt.Fprintf(&text, " %q", body)
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n", text.Len())
	if c.req.Method != "HEAD" {
		io.WriteString(c, text.String())
	}
}

// file serves the page and what it loads.
func (s *server) file(c *conn, name string) {
	var text []byte
	var err error
	typ := "text/javascript"
	switch name {
	case "script.js":
		text, err = os.ReadFile(s.script)
	case "index.html":
		typ = "text/html"
		fallthrough
	default:
		text, err = os.ReadFile("testdata/prelude/" + name)
	}
	if err != nil {
		s.t.Error(err)
	}
	text = bytes.ReplaceAll(text, []byte("{closed}"), []byte(s.closed))
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: %s; charset=utf-8\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", typ, len(text), text)
}

// sendLog waits for the other connections to end.
func (s *server) sendLog(c *conn) {
	s.mu.Lock()
	over := time.AfterFunc(patience/4, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.log = append(s.log, "there are connections that do not end")
		s.active = 0
		s.idle.Broadcast()
	})
	for s.active != 0 {
		s.idle.Wait()
	}
	over.Stop()
	text := strings.Join(s.log, "\n")
	s.mu.Unlock()
	c.accept("")
	c.Write(wstest.Frame(false, wstest.OpText, text))
	c.Write(wstest.Frame(false, wstest.OpClose, wstest.ClosePayload(1000, "")))
	c.CloseWrite()
	io.Copy(io.Discard, c.r)
}

// key returns the value of Sec-WebSocket-Accept.
func (c *conn) key() string {
	sum := sha1.Sum([]byte(c.req.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// accept answers the handshake.
func (c *conn) accept(fields string) {
	fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n%s\r\n", c.key(), fields)
}

func (c *conn) echo(op byte, data string) { c.Write(wstest.Frame(false, op, data)) }

func (c *conn) describe(op byte, data string) {
	kind, shown := "text", fmt.Sprintf("%x", data)
	if op == wstest.OpBinary {
		kind = "binary"
	}
	if len(data) > 64 {
		shown = fmt.Sprintf("sha1 %x", sha1.Sum([]byte(data)))
	}
	c.Write(wstest.Frame(false, wstest.OpText, fmt.Sprintf("%s %d %s", kind, len(data), shown)))
}

// serve gives the messages of the client to receive, and ends the connection when the
// client does.
func (c *conn) serve(receive func(op byte, data string)) {
	for {
		op, data, err := c.message()
		switch {
		case err != nil:
			c.server.note("%s: the end", c.req.URL.Path)
			return
		case op == wstest.OpClose:
			c.Write(wstest.Frame(false, wstest.OpClose, data))
			c.CloseWrite()
			io.Copy(io.Discard, c.r)
			return
		}
		receive(op, data)
	}
}

// message reads the next message or close frame, and logs what is not a message.
func (c *conn) message() (op byte, data string, err error) {
	for {
		first, payload, err := c.frame()
		if err != nil {
			return 0, "", err
		}
		switch first {
		case wstest.OpClose:
			switch {
			case len(payload) == 0:
				c.server.note("%s: close", c.req.URL.Path)
			case payload[0] == 1002>>8 && payload[1] == 1002&0xff, payload[0] == 1007>>8 && payload[1] == 1007&0xff:
				c.server.note("%s: close for a broken rule", c.req.URL.Path) // each client has its own code and text
			default:
				c.server.note("%s: close %d %s", c.req.URL.Path, int(payload[0])<<8|int(payload[1]), payload[2:])
			}
			return wstest.OpClose, payload, nil
		case wstest.OpPing, wstest.OpPong:
			c.server.note("%s: control frame %x %x", c.req.URL.Path, first, payload)
			continue
		}
		if first&0x0f != 0 {
			op = first | 0x80
		}
		data += payload
		if first&0x80 != 0 {
			return op, data, nil
		}
	}
}

// frame reads a frame.
func (c *conn) frame() (first byte, payload string, err error) {
	head := make([]byte, 2, 14)
	if _, err := io.ReadFull(c.r, head); err != nil {
		return 0, "", err
	}
	if head[1]&0x80 == 0 {
		c.server.note("a frame is not masked")
	}
	n := int(head[1] & 0x7f)
	if more := map[int]int{126: 2, 127: 8}[n]; more > 0 {
		if _, err := io.ReadFull(c.r, head[2:2+more]); err != nil {
			return 0, "", err
		}
		n = 0
		for _, b := range head[2 : 2+more] {
			n = n<<8 | int(b)
		}
	}
	data := make([]byte, 4+n) // only our own client sends lengths here
	if _, err := io.ReadFull(c.r, data); err != nil {
		return 0, "", err
	}
	for i := range n {
		data[4+i] ^= data[i%4]
	}
	return head[0], string(data[4:]), nil
}

// perform does steps, which are separated by &. What is sent goes out in as few writes as
// possible, so that a client reads it in one piece:
//
//	text=TEXT, binary=HEX    send a message
//	many=N                   sends N messages with the numbers from 0
//	big=N                    sends a binary message of N bytes
//	hex=HEX                  sends bytes as they are
//	close, close=CODE,REASON send a close frame
//	wait                     waits for a message or a close frame
//	halfclose, end, reset    end the stream in one direction, in both, or with RST
//
// In the end, unless the stream has ended, it waits for the client's close frame, answers
// it unless a close frame was sent, and ends the connection.
func (c *conn) perform(steps string) {
	var out []byte
	var answer []byte // to the client's close frame
	closed := false
	flush := func() {
		c.Write(out)
		out = nil
	}
	for _, step := range strings.Split(steps, "&") {
		name, arg, _ := strings.Cut(step, "=")
		arg, _ = url.PathUnescape(arg)
		number, _ := strconv.Atoi(arg)
		switch name {
		case "text":
			out = append(out, wstest.Frame(false, wstest.OpText, arg)...)
		case "binary":
			data, _ := hex.DecodeString(arg)
			out = append(out, wstest.Frame(false, wstest.OpBinary, string(data))...)
		case "many":
			for i := range number {
				out = append(out, wstest.Frame(false, wstest.OpText, strconv.Itoa(i))...)
			}
		case "big":
			out = append(out, wstest.Frame(false, wstest.OpBinary, strings.Repeat("x", number))...)
		case "hex":
			data, err := hex.DecodeString(arg)
			if err != nil {
				c.server.note("%s: %v", arg, err)
			}
			out = append(out, data...)
		case "close":
			payload := ""
			if code, reason, ok := strings.Cut(arg, ","); ok {
				number, _ := strconv.Atoi(code)
				payload = wstest.ClosePayload(number, reason)
			}
			out = append(out, wstest.Frame(false, wstest.OpClose, payload)...)
			closed = true
		case "wait":
			flush()
			op, data, err := c.message()
			if err != nil {
				c.server.note("/do: the end")
				return
			}
			if op == wstest.OpClose {
				answer = wstest.Frame(false, op, data)
			}
		case "halfclose":
			flush()
			c.CloseWrite()
		case "end":
			flush()
			c.CloseWrite() // Close sends RST, not FIN, if a close frame has come by now
			return
		case "reset":
			flush()
			c.SetLinger(0)
			return
		case "":
		default:
			c.server.note("there is no step %s", name)
		}
	}
	flush()
	for answer == nil {
		op, data, err := c.message()
		if err != nil {
			c.server.note("/do: the end")
			return
		}
		if op == wstest.OpClose {
			answer = wstest.Frame(false, op, data)
		}
	}
	if !closed {
		c.Write(answer)
	}
	c.CloseWrite()
	io.Copy(io.Discard, c.r)
}
