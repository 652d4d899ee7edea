package main_test

import (
	"cmp"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// COMPARISON.md names only flags that there are. The first column of a table is for the
// command in its head, or a cell names the command itself.
func TestComparisonFlags(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("COMPARISON.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile("`(?:([a-z]+) )?(?:[A-Z:]+ )*(-[a-z0-9A-Z-]+)[^`]*`")
	tables, named := 0, 0
	for _, table := range strings.Split(string(text), "\n| | airsocket")[1:] {
		of, rows, _ := strings.Cut(table, "|")
		of = strings.TrimSpace(of)
		tables++
		for row := range strings.Lines(rows) {
			cells := strings.Split(row, "|")
			if len(cells) < 3 {
				continue
			}
			for _, m := range flags.FindAllStringSubmatch(cells[2], -1) {
				name := cmp.Or(m[1], of)
				if name == "" {
					t.Errorf("no command is said for %s", m[2])
					continue
				}
				_, help, _ := strings.Cut(clitest.Execute(t, nil, "help", name).Stdout, "\nFlags:\n")
				if !regexp.MustCompile(`(?m)^  ` + m[2] + `\b`).MatchString(help) {
					t.Errorf("%s has no flag %s", name, m[2])
				}
				named++
			}
		}
	}
	if tables != 4 || named < 60 {
		t.Errorf("%d tables with %d flags", tables, named)
	}
}
