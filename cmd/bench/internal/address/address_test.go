package address

import "testing"

func TestSplit(t *testing.T) {
	for addr, want := range map[string][2]string{
		"127.0.0.1:80": {"tcp", "127.0.0.1:80"},
		"unix:/a/b":    {"unix", "/a/b"},
		"unix:@a":      {"unix", "@a"},
	} {
		if network, address := Split(addr); network != want[0] || address != want[1] {
			t.Errorf("Split(%q) = %q, %q, want %q", addr, network, address, want)
		}
	}
}
