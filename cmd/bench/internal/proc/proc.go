// Package proc reads from /proc the CPU time and memory of a process, and the
// memory of the kernel.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
)

// userHZ is the unit of the times in /proc/PID/stat: the kernel's USER_HZ is
// 100 on all architectures that Go supports.
const userHZ = 100

var errFormat = errors.New("proc: unexpected format")

// CPU returns the user and system time of a process, in seconds.
func CPU(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	return parseCPU(b)
}

// parseCPU adds the fields 14 and 15 of a stat line. The second field, the name
// of the program, may contain spaces and parentheses.
func parseCPU(stat []byte) (float64, error) {
	f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(f) < 13 {
		return 0, errFormat
	}
	user, err := strconv.ParseUint(string(f[11]), 10, 64)
	if err != nil {
		return 0, errFormat
	}
	system, err := strconv.ParseUint(string(f[12]), 10, 64)
	if err != nil {
		return 0, errFormat
	}
	return float64(user+system) / userHZ, nil
}

// RSS returns the resident memory of a process, in bytes.
func RSS(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, err
	}
	return parseRSS(b)
}

func parseRSS(statm []byte) (int64, error) {
	f := bytes.Fields(statm)
	if len(f) < 2 {
		return 0, errFormat
	}
	pages, err := strconv.ParseInt(string(f[1]), 10, 64)
	if err != nil {
		return 0, errFormat
	}
	return pages * int64(os.Getpagesize()), nil
}
