package man_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/program"
)

func TestMain(m *testing.M) { clitest.Main(m) }

// format runs a formatter on the page, and returns what it prints. If there is none, the
// test is skipped, or fails if peers are required.
func format(t *testing.T, name string, args ...string) (stdout, stderr string) {
	t.Helper()
	path := clitest.Program(t, name)
	page := clitest.Execute(t, nil, "man")
	page.Want(t, exit.OK, "")
	var out, problems strings.Builder
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(page.Stdout), &out, &problems
	if err := cmd.Run(); err != nil && out.String()+problems.String() == "" {
		t.Errorf("%s: %v", name, err)
	}
	return out.String(), problems.String()
}

// groff has no warnings, and the page has all commands, flags and examples.
func TestInteropGroff(t *testing.T) {
	t.Parallel()
	text, problems := format(t, "groff", "-ww", "-man", "-Tascii", "-P-c", "-P-b", "-P-u", "-rLL=150n")
	if problems != "" {
		t.Error(problems)
	}
	words := strings.Join(strings.Fields(text), " ")
	for i := range program.Program.Commands {
		c := &program.Program.Commands[i]
		if !strings.Contains(words, strings.TrimSpace("airsocket "+c.Name+" "+c.Usage)) {
			t.Errorf("the page does not have %s %s", c.Name, c.Usage)
		}
		for _, f := range c.Flags() {
			if want := strings.TrimSpace("-" + f.Name + " " + f.Argument); !strings.Contains(words, want) {
				t.Errorf("the page does not have the flag %q of %s", want, c.Name)
			}
		}
		_, examples, _ := strings.Cut(c.Help, "Examples:\n")
		for l := range strings.Lines(examples) {
			if strings.TrimSpace(l) == "" {
				break
			}
			if want := strings.Join(strings.Fields(l), " "); !strings.Contains(words, want) {
				t.Errorf("the page does not have the example %q", want)
			}
		}
	}
}

func TestInteropMandoc(t *testing.T) {
	t.Parallel()
	text, problems := format(t, "mandoc", "-Tlint", "-Wwarning")
	for l := range strings.Lines(text + problems) {
		// The date is that of the commit, which a test does not know.
		if !strings.Contains(l, "missing date") {
			t.Error(l)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	clitest.Execute(t, nil, "man", "page").Want(t, exit.Usage, "man takes no arguments")
}
