package connect_test

import (
	"testing"

	"github.com/airsocket/airsocket/cmd/airsocket/internal/clitest"
	"github.com/airsocket/airsocket/cmd/airsocket/internal/exit"
)

func TestTimesOfFlags(t *testing.T) {
	t.Parallel()
	for _, in := range []string{"", "-", ".", "1.2.3", "long", "1h3", "5 s", "1e3", "99999999999"} {
		clitest.Execute(t, nil, "connect", "ws://a/", "-wait", in).
			Want(t, exit.Usage, `invalid value "`+in+`" for flag -wait: not a time such as 5, 1.5 or 200ms`)
	}
	clitest.Execute(t, nil, "connect", "ws://a/", "-timeout", "0").Want(t, exit.Usage, "-timeout is 0; for no limit give forever")
}

// With a negative -wait, connect waits until the server closes.
func TestNegativeWait(t *testing.T) {
	t.Parallel()
	r := clitest.Execute(t, nil, "connect", clitest.Upgraded(t, "\x81\x01a\x88\x02\x0f\xa0"), "-x", "hello", "-wait", "-1")
	if r.Want(t, exit.OK, "* close 4000\n"); r.Stdout != "a\n" {
		t.Errorf("stdout is %q", r.Stdout)
	}
}
