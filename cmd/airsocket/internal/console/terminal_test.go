package console

import (
	"io"
	"strings"
	"testing"
)

// There is no more input when the terminal is gone, as with its window.
func TestEndOfTheTerminal(t *testing.T) {
	t.Parallel()
	tty := &Terminal{in: strings.NewReader("one\rhalf"), editor: newEditor(&Config{})}
	if in, err := tty.ReadLine(); in.Text != "one" || err != nil {
		t.Errorf("%q, %v", in.Text, err)
	}
	if in, err := tty.ReadLine(); in.Text != "" || err != io.EOF {
		t.Errorf("at the end: %q, %v", in.Text, err)
	}
}
