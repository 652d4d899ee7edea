package connect

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
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
	if kind == "-text" || kind == "" && isText {
		return sendText(t, string(p))
	}
	return sendBytes(t, p)
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

// maxNames is how many names of a folder are looked at to complete one.
const maxNames = 10_000

// complete returns what a line can be completed to: the names of commands, and the names of
// files for those that take one.
func complete(before string) (from int, candidates []console.Candidate) {
	name, arg, ok := strings.Cut(before, " ")
	if !strings.HasPrefix(name, "/") {
		return 0, nil
	}
	if !ok {
		for _, cmd := range commands {
			if strings.HasPrefix(cmd.name, name) {
				text := cmd.name
				if cmd.args != "" {
					text += " "
				}
				candidates = append(candidates, console.Candidate{Text: text, Label: cmd.name})
			}
		}
		return 0, candidates
	}
	if name != "/file" && name != "/save" {
		return 0, nil
	}
	path := strings.TrimLeft(arg, " ")
	if strings.HasPrefix(path, "-") {
		_, rest, ok := strings.Cut(path, " ")
		if !ok {
			return 0, nil
		}
		path = strings.TrimLeft(rest, " ")
	}
	dir, base := filepath.Split(path)
	return len(before) - len(base), names(expand(cmp.Or(dir, ".")), base)
}

// names returns the names in a folder that begin with base. Those that begin with a dot are
// left out unless base does.
func names(dir, base string) (candidates []console.Candidate) {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxNames)
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || base == "" && name[0] == '.' {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
			name += string(filepath.Separator)
		}
		candidates = append(candidates, console.Candidate{Text: name, Label: name})
	}
	slices.SortFunc(candidates, func(a, b console.Candidate) int { return strings.Compare(a.Text, b.Text) })
	return candidates
}
