package load

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/wire"
)

// A message is one of those that each connection sends, in order and again and again.
type message struct {
	kind wire.Kind
	data []byte
}

// What -fill replaces.
var (
	connPlace    = []byte("{conn}")
	messagePlace = []byte("{n}")
)

// filled returns the payload of m as message j of a connection, both numbered from 0.
func (m *message) filled(conn int, j int64) []byte {
	p := bytes.ReplaceAll(m.data, connPlace, strconv.AppendInt(nil, int64(conn)+1, 10))
	return bytes.ReplaceAll(p, messagePlace, strconv.AppendInt(nil, j+1, 10))
}

// Limits for what is kept in memory. A text of the maximum length can take six times as
// many bytes in JSON.
const (
	maxSize       = 16 << 20  // of -size
	maxReplay     = 256 << 20 // bytes of all messages of -replay
	maxReplayLine = 128 << 20
	maxMessages   = 1 << 20
)

// plan returns the messages that the flags select, or none.
func (c *config) plan() ([]message, error) {
	all, err := c.chosen()
	places := func(m message) bool {
		return bytes.Contains(m.data, connPlace) || bytes.Contains(m.data, messagePlace)
	}
	if err == nil && c.fill && !slices.ContainsFunc(all, places) {
		err = errors.New("-fill has no effect, because no message has {conn} or {n}")
	}
	return all, err
}

// chosen returns the messages before -fill.
func (c *config) chosen() ([]message, error) {
	ways := 0
	for _, given := range []bool{len(c.texts) > 0, c.size.given, c.replay != ""} {
		if given {
			ways++
		}
	}
	if ways > 1 {
		return nil, errors.New("-x, -size and -replay are different messages to send: give one of them")
	}
	switch {
	case c.replay != "" && c.binary:
		return nil, errors.New("-binary has no effect with -replay, which sends messages as they were recorded")
	case c.replay != "":
		return readReplay(c.replay)
	case c.size.given:
		return randomMessages(c.size.bytes, c.binary), nil
	case c.binary && len(c.texts) == 0:
		return nil, errors.New("-binary needs -x or -size")
	}
	var all []message
	for _, text := range c.texts {
		kind := wire.Text
		switch {
		case c.binary:
			kind = wire.Binary
		case !utf8.ValidString(text):
			return nil, fmt.Errorf("-x %q is not UTF-8; give -binary to send it as it is", text)
		}
		all = append(all, message{kind, []byte(text)})
	}
	return all, nil
}

// randomMessages returns messages of n random bytes, or characters if they are text.
func randomMessages(n int, binary bool) []message {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	all := make([]message, min(16, 1+(1<<20)/(n+1)))
	for i := range all {
		p := make([]byte, n)
		for j := range p {
			if p[j] = byte(rand.Uint32()); !binary {
				p[j] = letters[p[j]%byte(len(letters))]
			}
		}
		all[i] = message{wire.Text, p}
		if binary {
			all[i].kind = wire.Binary
		}
	}
	return all
}

// readReplay returns the messages that were sent according to the journal in a file.
func readReplay(name string) ([]message, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("-replay: %w", err)
	}
	defer f.Close()
	var all []message
	left := maxReplay
	for r, err := range journal.Read(f, maxReplayLine) {
		if err == nil && r.Type == "message" && r.Direction == "out" {
			var m message
			m, err = fromRecord(r)
			left -= len(m.data)
			all = append(all, m)
		}
		switch {
		case err != nil:
			return nil, fmt.Errorf("-replay %s: %w", name, err)
		case left < 0 || len(all) > maxMessages:
			return nil, fmt.Errorf("-replay %s: the messages are more than %d, or longer than %d MiB", name, maxMessages, maxReplay>>20)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("-replay %s: no message has the direction out", name)
	}
	return all, nil
}

func fromRecord(r journal.Record) (message, error) {
	p, err := r.Payload()
	if r.Binary {
		return message{wire.Binary, p}, err
	}
	if !utf8.Valid(p) {
		return message{}, errors.New("a text is not UTF-8")
	}
	return message{wire.Text, p}, err
}

// A byteSize is a flag whose value is a number of bytes, such as 500, 64k or 1m.
type byteSize struct {
	bytes int
	given bool
}

func (b *byteSize) String() string {
	if !b.given {
		return ""
	}
	return strconv.Itoa(b.bytes)
}

func (b *byteSize) Set(s string) error {
	digits, factor := s, 1
	switch lower := strings.ToLower(s); {
	case strings.HasSuffix(lower, "k"):
		digits, factor = s[:len(s)-1], 1<<10
	case strings.HasSuffix(lower, "m"):
		digits, factor = s[:len(s)-1], 1<<20
	}
	n, err := strconv.ParseUint(digits, 10, 31)
	if err != nil || n > maxSize/uint64(factor) {
		return errors.New("not a number of bytes such as 500, 64k or 1m, up to 16m")
	}
	*b = byteSize{int(n) * factor, true}
	return nil
}
