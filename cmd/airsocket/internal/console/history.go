package console

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxEntries = 1000     // how many lines are remembered
	maxEntry   = 64 << 10 // bytes of a line that is written to the file
	maxMemory  = 16 << 20 // bytes of all lines in memory, without the last
	maxFile    = 1 << 20  // bytes of the file that are read
)

// HistoryFile returns the name of the file with the history, in the folder for the state of
// programs: XDG_STATE_HOME, or ~/.local/state (XDG Base Directory Specification 0.8).
func HistoryFile() (string, error) {
	dir := os.Getenv("XDG_STATE_HOME")
	switch {
	case filepath.IsAbs(dir):
	case runtime.GOOS == "windows":
		var err error
		if dir, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	default:
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "airsocket", "history"), nil
}

// A history is the lines that were typed, the oldest first. If file is set they are also in
// that file, which only the user can read: a line for each, with \n for a line end and \\ for
// a backslash. Several programs may write to it.
type history struct {
	lines []string
	bytes int
	file  string
}

var (
	toFile   = strings.NewReplacer(`\`, `\\`, "\n", `\n`)
	fromFile = strings.NewReplacer(`\\`, `\`, `\n`, "\n")
)

// load reads the file. If it has become too long, only what was read is left of it.
func (h *history) load() error {
	f, err := openHistory(h.file)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	text := make([]byte, min(size, maxFile))
	if _, err := f.ReadAt(text, size-int64(len(text))); err != nil && err != io.EOF {
		return err
	}
	if size > maxFile { // it begins within a line
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	if len(text) > 0 && text[len(text)-1] != '\n' { // an editor or a full disk has left no line end
		if _, err := f.WriteString("\n"); err != nil {
			return err
		}
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if n++; line != "" && len(line) <= 2*maxEntry && utf8.ValidString(line) {
			h.remember(fromFile.Replace(line))
		}
	}
	if size > maxFile || n > 2*maxEntries {
		return h.rewrite()
	}
	return nil
}

// openHistory opens the file with the history, and makes it if there is none. It must be a
// file that only the user can read.
func openHistory(name string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return nil, err
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", name) // opening it could wait, or change a device
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		err = f.Chmod(0o600)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// rewrite replaces the file by the lines in memory.
func (h *history) rewrite() error {
	f, err := os.CreateTemp(filepath.Dir(h.file), "history-*") // only the user can read it
	if err != nil {
		return err
	}
	var text strings.Builder
	for _, line := range h.lines {
		text.WriteString(toFile.Replace(line) + "\n")
	}
	_, err = f.WriteString(text.String())
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), h.file)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// add adds a line, unless it is the same as the last one, and writes it to the file unless it
// is very long or begins with a space, as what is not to be kept does in shells.
func (h *history) add(line string) error {
	if n := len(h.lines); line == "" || n > 0 && h.lines[n-1] == line {
		return nil
	}
	h.remember(line)
	if h.file == "" || len(line) > maxEntry || line[0] == ' ' {
		return nil
	}
	f, err := openHistory(h.file)
	if err != nil {
		return err
	}
	_, err = f.WriteString(toFile.Replace(line) + "\n")
	return errors.Join(err, f.Close())
}

func (h *history) remember(line string) {
	h.lines = append(h.lines, line)
	h.bytes += len(line)
	drop := 0
	for len(h.lines)-drop > maxEntries || h.bytes > maxMemory && len(h.lines)-drop > 1 {
		h.bytes -= len(h.lines[drop])
		drop++
	}
	h.lines = slices.Delete(h.lines, 0, drop)
}

// older returns the index of the last line before the index from that contains text, or -1.
func (h *history) older(text string, from int) int {
	for i := min(from, len(h.lines)) - 1; i >= 0; i-- {
		if strings.Contains(h.lines[i], text) {
			return i
		}
	}
	return -1
}

// newer returns the index of the first line after the index from that contains text, or -1.
func (h *history) newer(text string, from int) int {
	for i := from + 1; i < len(h.lines); i++ {
		if strings.Contains(h.lines[i], text) {
			return i
		}
	}
	return -1
}
