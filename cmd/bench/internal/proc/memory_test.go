package proc

import (
	"os"
	"testing"
)

func TestParseKernel(t *testing.T) {
	const meminfo = "MemTotal:  24683520 kB\nSlab:            546724 kB\nSReclaimable:     496244 kB\n"
	const sockstat = "sockets: used 10\nTCP: inuse 1 orphan 0 tw 1829 alloc 1 mem 17\nUDP: inuse 0 mem 3\n"
	const files = "4032\t0\t2466177\n"
	k, err := parseKernel([]byte(meminfo), []byte(sockstat), []byte(files))
	want := Kernel{Slab: 546724 << 10, TCP: 17 * int64(os.Getpagesize()), Sockets: 10, Files: 4032}
	if err != nil || k != want {
		t.Errorf("parseKernel = %+v, %v; want %+v", k, err, want)
	}
	for _, bad := range [][3]string{
		{"", sockstat, files},
		{"Slab: many kB\n", sockstat, files},
		{meminfo, "", files},
		{meminfo, "sockets: used\nTCP: mem 1\n", files},
		{meminfo, "sockets: used 1\nTCP: mem x\n", files},
		{meminfo, sockstat, ""},
		{meminfo, sockstat, "x 0 0"},
	} {
		if _, err := parseKernel([]byte(bad[0]), []byte(bad[1]), []byte(bad[2])); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
