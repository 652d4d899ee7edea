package connect

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/journal"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/view"
)

// sendFile sends a file as a message.
func sendFile(t *typed, arg string) error {
	kind, path := option(arg)
	if path == "" || kind != "" && kind != "-text" && kind != "-binary" {
		return errors.New("/file takes a path, and before it -text or -binary if the kind does not follow from the content")
	}
	p, err := readFile(expand(path), t.config.Options.MaxMessage)
	if err != nil {
		return err
	}
	isText := utf8.Valid(p) && !bytes.ContainsRune(p, 0)
	return t.send(outgoing(p, kind == "-binary" || kind == "" && !isText))
}

// readFile reads a file of at most limit bytes if that is positive.
func readFile(name string, limit int) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() { // a device or a pipe may have no end
		return nil, fmt.Errorf("%s is not a file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if limit <= 0 {
		return io.ReadAll(f)
	}
	p, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(p) > limit {
		err = fmt.Errorf("%s is longer than -max-message, %d bytes", name, limit)
	}
	return p, err
}

// save saves a message, or all events, in a new file.
func save(t *typed, arg string) error {
	what, path := option(arg)
	if what == "" {
		if first, rest, ok := strings.Cut(path, " "); ok {
			if _, err := strconv.Atoi(first); err == nil {
				what, path = first, strings.TrimSpace(rest)
			}
		}
	}
	if path == "" || what != "" && what[0] == '-' && what != "-log" {
		return errors.New("/save takes a file name, and before it -log or the number of a message")
	}
	write := t.kept.writeLog
	if what != "-log" {
		e, err := t.message(what)
		if err != nil {
			return err
		}
		write = func(w io.Writer) error { _, err := w.Write(e.Data); return err }
	}
	n, err := saveFile(expand(path), write)
	if err != nil {
		return err
	}
	said := fmt.Sprintf("saved %s in %s", view.Size(n), path)
	if what == "-log" && t.kept.dropped > 0 {
		said += fmt.Sprintf(", without the first %d events, which are kept no longer", t.kept.dropped)
	}
	t.help(said)
	return nil
}

// saveFile writes a new file, and returns its size. It is removed if it cannot be written.
func saveFile(name string, write func(io.Writer) error) (size int, err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, os.ErrExist) {
		return 0, fmt.Errorf("%s exists already; give another name", name)
	}
	if err != nil {
		return 0, err
	}
	w := bufio.NewWriter(f)
	count := &counter{w: w}
	if err = errors.Join(write(count), w.Flush(), f.Close()); err != nil {
		os.Remove(name)
	}
	return count.n, err
}

// A counter counts what is written.
type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += n
	return n, err
}

// writeLog writes the events in the form of -json.
func (k *kept) writeLog(w io.Writer) error {
	for _, e := range k.events {
		if err := journal.Write(w, e.at, e.Event); err != nil {
			return err
		}
	}
	return nil
}

// option splits a word that begins with - off the beginning of arg.
func option(arg string) (word, rest string) {
	arg = strings.TrimSpace(arg)
	if !strings.HasPrefix(arg, "-") {
		return "", arg
	}
	word, rest, _ = strings.Cut(arg, " ")
	return word, strings.TrimSpace(rest)
}

// expand replaces ~ at the beginning of a path by the user's folder, as shells do.
func expand(path string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || os.IsPathSeparator(rest[0])) {
		if home, err := os.UserHomeDir(); err == nil {
			return home + rest
		}
	}
	return path
}
