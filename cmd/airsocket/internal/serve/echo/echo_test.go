package echo_test

import (
	"testing"

	"github.com/airsocket/airsocket"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/serve/echo"
)

func TestEchoKeepsTheMessageThatDoesNotFit(t *testing.T) {
	t.Parallel()
	clitest.FloodAndRead(t, clitest.ServeWith(t, &airsocket.Options{MaxBuffered: 100_000, Parallel: true}, func(s *airsocket.Socket) {
		s.OnMessage(echo.SendBack)
	}))
}
