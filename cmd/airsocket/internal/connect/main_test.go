package connect_test

import (
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
)

func TestMain(m *testing.M) { clitest.Main(m) }
