package proc

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// PSS returns the resident memory of a process in bytes, of which a page that
// several processes share counts for each of them only in proportion.
func PSS(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	return parseKiB(b, "Pss")
}

// Peak returns the highest resident memory of a process, in bytes, since the last
// call of ResetPeak.
func Peak(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	return parseKiB(b, "VmHWM")
}

// ResetPeak makes Peak forget what there was.
func ResetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// parseKiB returns the value of a line such as "Slab:  546724 kB", in bytes.
func parseKiB(b []byte, name string) (int64, error) {
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		value, ok := strings.CutPrefix(s.Text(), name+":")
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, "kB")), 10, 64)
		if err != nil {
			return 0, errFormat
		}
		return n << 10, nil
	}
	return 0, errFormat
}

// Kernel is what the kernel uses on behalf of all processes.
type Kernel struct {
	Slab    int64 // bytes of its objects, such as sockets and files
	TCP     int64 // bytes that buffers of TCP sockets account for
	Sockets int64 // in this network namespace
	Files   int64 // that are open
}

// ReadKernel returns what the kernel uses.
func ReadKernel() (k Kernel, err error) {
	meminfo, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return k, err
	}
	sockstat, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return k, err
	}
	files, err := os.ReadFile("/proc/sys/fs/file-nr")
	if err != nil {
		return k, err
	}
	return parseKernel(meminfo, sockstat, files)
}

func parseKernel(meminfo, sockstat, files []byte) (k Kernel, err error) {
	if k.Slab, err = parseKiB(meminfo, "Slab"); err != nil {
		return k, err
	}
	if k.Sockets, err = parseSockstat(sockstat, "sockets", "used"); err != nil {
		return k, err
	}
	pages, err := parseSockstat(sockstat, "TCP", "mem")
	if err != nil {
		return k, err
	}
	k.TCP = pages * int64(os.Getpagesize())
	f := bytes.Fields(files)
	if len(f) < 1 {
		return k, errFormat
	}
	if k.Files, err = strconv.ParseInt(string(f[0]), 10, 64); err != nil {
		return k, errFormat
	}
	return k, nil
}

// parseSockstat returns one value of a line such as "TCP: inuse 1 orphan 0".
func parseSockstat(b []byte, line, name string) (int64, error) {
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) == 0 || f[0] != line+":" {
			continue
		}
		for i := 1; i+1 < len(f); i += 2 {
			if f[i] == name {
				n, err := strconv.ParseInt(f[i+1], 10, 64)
				if err != nil {
					return 0, errFormat
				}
				return n, nil
			}
		}
	}
	return 0, errFormat
}
