package completion_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

// script writes the script for a shell to a file in a folder with two others, and returns
// the folder and the name.
func script(t *testing.T, name string) (folder, file string) {
	t.Helper()
	r := clitest.Execute(t, nil, "completion", name)
	r.Want(t, exit.OK, "")
	folder = t.TempDir()
	for name, content := range map[string]string{"script": r.Stdout, "session one.jsonl": "", "session2.jsonl": ""} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder, filepath.Join(folder, "script")
}

// completions are lines and what they are completed to.
var completions = []struct {
	line string // its last word is completed
	want []string
}{
	{"airsocket re", []string{"record", "replay"}},
	{"airsocket help conn", []string{"connect"}},
	{"airsocket connect -compr", []string{"-compress"}},
	{"airsocket connect -sub", []string{"-subprotocol"}},
	{"airsocket connect ws://a/ -comp", []string{"-compress"}},
	{"airsocket replay -version hixie", []string{"hixie-75", "hixie-76"}},
	{"airsocket serve -log ", []string{"json", "text"}},
	{"airsocket load -match eq", []string{"equal"}},
	{"airsocket replay sess", []string{"session one.jsonl", "session2.jsonl"}},
	{"airsocket connect -record session2", []string{"session2.jsonl"}},
	{"airsocket connect -ca session2", []string{"session2.jsonl"}},
	{"airsocket completion z", []string{"zsh"}},
	{"airsocket connect sess", nil},
	{"airsocket connect -x sess", nil},
	{"airsocket serve -compress -tls-", []string{"-tls-cert", "-tls-key", "-tls-self-signed"}},
}

// run runs a program in a folder, and returns its lines, in order.
func run(t *testing.T, folder, program string, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "HOME="+folder, "XDG_CONFIG_HOME="+folder, "XDG_DATA_HOME="+folder, "ZDOTDIR="+folder, "TERM=dumb")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var lines []string
	for l := range strings.Lines(string(out)) {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, l)
		}
	}
	slices.Sort(lines)
	return lines
}

func TestInteropBash(t *testing.T) {
	t.Parallel()
	bash := clitest.Program(t, "bash")
	folder, file := script(t, "bash")
	complete := func(words ...string) []string {
		quoted := ""
		for _, w := range words {
			quoted += fmt.Sprintf(" '%s'", w)
		}
		return run(t, folder, bash, "--norc", "-c", fmt.Sprintf(`source '%s'; COMP_WORDS=(%s); COMP_CWORD=%d; _airsocket; printf '%%s\n' "${COMPREPLY[@]}"; complete -p airsocket >/dev/null`, file, quoted, len(words)-1))
	}
	for _, c := range completions {
		if got := complete(strings.Split(c.line, " ")...); !slices.Equal(got, c.want) {
			t.Errorf("%s is completed to %q, want %q", c.line, got, c.want)
		}
	}
	if got := complete("airsocket", "connect", "--compr"); !slices.Equal(got, []string{"-compress"}) {
		t.Errorf("with two dashes, %q", got)
	}
	for _, words := range [][]string{{"airsocket", "serve", "-log", "=", "js"}, {"airsocket", "serve", "--log", "js"}} {
		if got := complete(words...); !slices.Equal(got, []string{"json"}) {
			t.Errorf("%q is completed to %q", words, got)
		}
	}
}

func TestInteropFish(t *testing.T) {
	t.Parallel()
	fish := clitest.Program(t, "fish")
	folder, file := script(t, "fish")
	for _, c := range completions {
		var got []string
		for _, l := range run(t, folder, fish, "--no-config", "-c", fmt.Sprintf("source '%s'; complete -C '%s'", file, c.line)) {
			name, _, _ := strings.Cut(l, "\t")
			got = append(got, strings.ReplaceAll(name, `\ `, " "))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s is completed to %q, want %q", c.line, got, c.want)
		}
	}
}

// zsh completes only at a terminal, which zpty is. The words that are added are written to a
// file, too.
func TestInteropZsh(t *testing.T) {
	t.Parallel()
	zsh := clitest.Program(t, "zsh")
	folder, file := script(t, "zsh")
	for i, c := range completions {
		out := filepath.Join(folder, fmt.Sprintf("out%d", i))
		// The key that is typed after the line calls a widget, which completes the line and
		// ends the shell.
		driver := fmt.Sprintf(`
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source '%s'"
zpty -w -n shell $'%s\x18'
while zpty -r shell line; do :; done
`, filepath.Join(folder, "setup"), c.line)
		setup := fmt.Sprintf(`
autoload -U compinit && compinit -u -C -d '%s'
source '%s'
compadd() {
	local -a words
	builtin compadd -A words "$@"
	print -rl -- $words >>'%s'
}
finish() { zle list-choices; exit }
zle -C list-choices list-choices _main_complete
zle -N finish
bindkey '^X' finish
`, filepath.Join(folder, "dump"), file, out)
		if err := os.WriteFile(filepath.Join(folder, "setup"), []byte(setup), 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, folder, zsh, "-f", "-c", driver)
		b, _ := os.ReadFile(out)
		var got []string
		for l := range strings.Lines(string(b)) {
			if l = strings.TrimSpace(l); l != "" {
				got = append(got, strings.ReplaceAll(l, `\ `, " "))
			}
		}
		slices.Sort(got)
		got = slices.Compact(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s is completed to %q, want %q", c.line, got, c.want)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"completion"}, {"completion", "tcsh"}, {"completion", "bash", "zsh"}} {
		clitest.Execute(t, nil, args...).Want(t, exit.Usage, "completion takes one of bash, zsh and fish")
	}
}
