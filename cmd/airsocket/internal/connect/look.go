package connect

import (
	"flag"
	"fmt"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/color"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/command"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/console"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/view"
)

// A look is what flags say of what is shown on a terminal.
type look struct {
	color   color.Mode
	times   view.Times
	pretty  bool
	fold    int
	history string
}

const noHistory = "none"

func (l *look) add(fs *flag.FlagSet) {
	fs.Var(command.NewChoice(&l.color, color.Auto, color.Always, color.Never), "color", "on a terminal, when to use colors, `WHEN`: auto, always or never; auto does\nunless NO_COLOR is set or TERM is dumb")
	fs.Var(command.NewChoice(&l.times, view.Off, view.On, view.Delta), "timestamps", "on a terminal, the `TIMES` before events: off, on (time of day), or delta (seconds since\nthe event before)")
	fs.BoolVar(&l.pretty, "pretty", true, "on a terminal, break received JSON and texts with line ends into lines; -pretty=false\nshows each text as a single line")
	fs.IntVar(&l.fold, "fold", 20, "on a terminal, show at most `ROWS` of a message until /show; 0: no limit")
	fs.StringVar(&l.history, "history", "", "keep what is typed on a terminal in `FILE`, or nowhere if it is none; what begins with\na space is not kept\n(default $XDG_STATE_HOME/airsocket/history or ~/.local/state/airsocket/history)")
}

func (l *look) check() error {
	if l.fold < 0 {
		return fmt.Errorf("-fold is %d; for no limit give 0", l.fold)
	}
	return nil
}

// view returns the view of events on the terminal.
func (l *look) view(tty *console.Terminal) *view.View {
	return &view.View{
		Times: l.times, Color: l.color.On(true), Pretty: l.pretty, Fold: l.fold,
		Columns: func() int { n, _ := tty.Size(); return n },
	}
}

// file returns the name of the file with the history, or "".
func (l *look) file() (string, error) {
	switch l.history {
	case noHistory:
		return "", nil
	case "":
		return console.HistoryFile()
	}
	return l.history, nil
}
