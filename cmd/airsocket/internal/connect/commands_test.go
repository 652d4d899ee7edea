package connect

import (
	"strings"
	"testing"
)

func TestHelpOfCommands(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{60, 80, 200} {
		lines := helpLines(columns)
		text := strings.Join(lines, "\n")
		for _, cmd := range commands {
			if !strings.Contains(text, cmd.name) || !strings.Contains(text, cmd.help) {
				t.Errorf("for %d columns, %s is missing", columns, cmd.name)
			}
		}
		for _, line := range lines {
			if len(line) > min(columns, 80)-3 {
				t.Errorf("for %d columns there is a line of %d: %s", columns, len(line), line)
			}
		}
	}
}
