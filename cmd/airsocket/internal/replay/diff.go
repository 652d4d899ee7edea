package replay

import (
	"fmt"
	"io"
	"slices"
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

// maxEdits limits the memory and the time of common.
const maxEdits = 2800

// common returns the indexes of a longest common subsequence, or if more than maxEdits
// steps have no like, those at which both are the same.
func common(want []*step, came []got) (pairs [][2]int) {
	pairs, ok := (&alignment{want: want, came: came}).find()
	if ok {
		return pairs
	}
	for i := range min(len(want), len(came)) {
		if want[i].key == came[i].key {
			pairs = append(pairs, [2]int{i, i})
		}
	}
	return pairs
}

// An alignment finds what two sequences have in common, as in Myers, "An O(ND) Difference
// Algorithm and Its Variations".
type alignment struct {
	want []*step
	came []got

	// reached[d][k] is how far one gets in want if d elements have no like, and those of want
	// are 2*k-d more than those of came.
	reached [][]int32
}

func (a *alignment) find() (pairs [][2]int, ok bool) {
	n, m := len(a.want), len(a.came)
	for d := range maxEdits + 1 {
		a.reached = append(a.reached, make([]int32, d+1))
		for k := range d + 1 {
			more := 2*k - d
			i, j := a.before(d, k)
			if i-j < more {
				i++
			}
			for j = i - more; i < n && j < m && a.want[i].key == a.came[j].key; j++ {
				i++
			}
			a.reached[d][k] = int32(i)
			if i == n && j == m {
				return a.path(d), true
			}
		}
	}
	return nil, false
}

// before returns where one is before the last element without its like, or at the beginning.
func (a *alignment) before(d, k int) (i, j int) {
	if d == 0 {
		return 0, 0
	}
	last, more := a.reached[d-1], 2*k-d
	if k == 0 || k < d && last[k-1] < last[k] {
		i = int(last[k])
		return i, i - more - 1
	}
	i = int(last[k-1])
	return i, i - more + 1
}

// path returns the pairs that are the same on the way to the end, where d elements have no
// like.
func (a *alignment) path(d int) (pairs [][2]int) {
	i, j := len(a.want), len(a.came)
	for ; i > 0 && j > 0; d-- {
		toI, toJ := a.before(d, (i-j+d)/2)
		for i > toI && j > toJ {
			i, j = i-1, j-1
			pairs = append(pairs, [2]int{i, j})
		}
		i, j = toI, toJ
	}
	slices.Reverse(pairs)
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
