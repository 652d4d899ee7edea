package bot_test

import (
	_ "embed"
	"slices"
	"testing"

	"github.com/airsocket/airsocket/bot"
)

//go:embed testdata/hostile.js
var hostileScript string

// TestHostileArguments calls everything that a bot has with arguments that throw, lie and are
// too large. The program must live, and the script must go on.
func TestHostileArguments(t *testing.T) {
	got, err := run(t, "hostile.js", hostileScript, &bot.Options{
		URL:  "http://127.0.0.1:1/",
		Args: bot.GlobalNames,
		OnError: func(err error) {
			if len(err.Error()) > 1<<20 {
				t.Errorf("the text of an error has %d bytes", len(err.Error()))
			}
		},
	})
	if err != nil {
		t.Error(err)
	}
	if !slices.Contains(got, "lives true") {
		t.Error("the script has not gone on")
	}
}
