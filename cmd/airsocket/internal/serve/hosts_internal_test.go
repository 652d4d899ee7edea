package serve

import "testing"

func TestHostsOfListenAreSafe(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		host   string
		listen []string
		want   bool
	}{
		{"box.lan:80", []string{"127.0.0.1:1", "Box.lan:80"}, true},
		{"box.lan", []string{"box.lan:0"}, true},
		{"other.lan", []string{"box.lan:0"}, false},
		{"", []string{":80"}, false},
		{"evil.example", []string{":80", "unix:/run/s"}, false},
	} {
		if got := isSafe(test.host, test.listen); got != test.want {
			t.Errorf("%q with -listen %q: %v", test.host, test.listen, got)
		}
	}
}
