package main_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

// COMPARISON.md names only flags that there are.
func TestComparisonFlags(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("COMPARISON.md")
	if err != nil {
		t.Fatal(err)
	}
	flags := regexp.MustCompile("`(-[a-z0-9A-Z-]+)[^`]*`")
	commands := 0
	for _, table := range strings.Split(string(text), "\n| | airsocket ")[1:] {
		name, rows, _ := strings.Cut(table, " ")
		commands++
		_, help, _ := strings.Cut(clitest.Execute(t, nil, "help", name).Stdout, "\nFlags:\n")
		for row := range strings.Lines(rows) {
			cells := strings.Split(row, "|")
			if len(cells) < 3 {
				continue
			}
			for _, m := range flags.FindAllStringSubmatch(cells[2], -1) {
				if !regexp.MustCompile(`(?m)^  ` + m[1] + `\b`).MatchString(help) {
					t.Errorf("%s has no flag %s", name, m[1])
				}
			}
		}
	}
	if commands != 2 {
		t.Errorf("there are tables of %d commands", commands)
	}
}
