package bot_test

import (
	"flag"
	"testing"

	"github.com/airsocket/airsocket/internal/test/apitxt"
)

var update = flag.Bool("update", false, "write api.txt")

// TestAPI compares api.txt with the package.
func TestAPI(t *testing.T) {
	apitxt.UpToDate(t, "github.com/airsocket/airsocket/bot", ".", *update, ".")
}
