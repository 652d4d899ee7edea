package replay

import (
	"fmt"
	"io"
	"time"
)

// A got is something that the peer has done.
type got struct {
	key string
	at  time.Duration // since the replay began
}

// A difference is a step without its like in what was got, or the other way around, or one
// of each where they differ.
type difference struct {
	want *step
	got  *got
	line int // of the last step that was the same
}

// compare returns the differences of what was awaited and what came.
func compare(want []*step, came []got) []difference {
	var all []difference
	line := 0
	begin := 0
	for begin < len(want) && begin < len(came) && want[begin].key == came[begin].key {
		line = want[begin].line
		begin++
	}
	want, came = want[begin:], came[begin:]
	same := 0 // at the end
	for same < len(want) && same < len(came) && want[len(want)-1-same].key == came[len(came)-1-same].key {
		same++
	}
	want, came = want[:len(want)-same], came[:len(came)-same]
	// Between two pairs that are the same, the nth of one side differs from the nth of the
	// other.
	i, j := 0, 0
	upTo := func(a, b int) {
		for i < a || j < b {
			d := difference{line: line}
			if i < a {
				d.want, line = want[i], want[i].line
				i++
			}
			if j < b {
				d.got = &came[j]
				j++
			}
			all = append(all, d)
		}
	}
	for _, p := range common(want, came) {
		upTo(p[0], p[1])
		line = want[i].line
		i, j = i+1, j+1
	}
	upTo(len(want), len(came))
	return all
}

// maxTable limits the memory of common.
const maxTable = 4 << 20

// common returns the indexes of a longest common subsequence, or if that takes too much
// memory, those at which both are the same.
func common(want []*step, came []got) (pairs [][2]int) {
	n, m := len(want), len(came)
	if n == 0 || m == 0 {
		return nil
	}
	if n > maxTable/m {
		for i := range min(n, m) {
			if want[i].key == came[i].key {
				pairs = append(pairs, [2]int{i, i})
			}
		}
		return pairs
	}
	// length[i*(m+1)+j] is that of the subsequence of want[i:] and came[j:].
	length := make([]int32, (n+1)*(m+1))
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if want[i].key == came[j].key {
				length[i*(m+1)+j] = length[(i+1)*(m+1)+j+1] + 1
			} else {
				length[i*(m+1)+j] = max(length[(i+1)*(m+1)+j], length[i*(m+1)+j+1])
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case want[i].key == came[j].key:
			pairs = append(pairs, [2]int{i, j})
			i, j = i+1, j+1
		case length[(i+1)*(m+1)+j] >= length[i*(m+1)+j+1]:
			i++
		default:
			j++
		}
	}
	return pairs
}

// print prints a difference of the connection with the name.
func (d difference) print(w io.Writer, conn string) {
	switch {
	case d.got == nil:
		fmt.Fprintf(w, "%sline %d, recorded at %v: did not come\n  expected %s\n", conn, d.want.line, seconds(d.want.at), show(d.want.key, 0))
	case d.want == nil:
		fmt.Fprintf(w, "%safter line %d, at %v: was not expected\n  got      %s\n", conn, d.line, seconds(d.got.at), show(d.got.key, 0))
	default:
		at := differAt(d.want.key, d.got.key)
		fmt.Fprintf(w, "%sline %d, recorded at %v, came at %v: differs\n  expected %s\n  got      %s\n", conn, d.want.line, seconds(d.want.at), seconds(d.got.at), show(d.want.key, at), show(d.got.key, at))
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3fs", d.Seconds()) }
