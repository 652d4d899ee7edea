package command

import "strings"

// nearest returns the one of names that the user probably meant, or the empty
// string. If name is a part of exactly one of them, or exactly one of them is a part
// of name, it returns that one, and otherwise the first of those with the fewest
// typing errors, if these are few enough.
func nearest(name string, names []string) string {
	var parts []string
	for _, n := range names {
		if len(name) > 1 && isPart(name, n) || len(n) > 2 && isPart(n, name) {
			parts = append(parts, n)
		}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	// Allow one error in a short name, two in a longer one, and always in less
	// than half of the name.
	near, least := "", min(2, (len(name)-1)/2)
	for _, n := range names {
		d := typingErrors(strings.ToLower(name), strings.ToLower(n))
		if d < least || d == least && near == "" {
			near, least = n, d
		}
	}
	return near
}

// isPart reports whether name begins with part, or ends with it after a hyphen.
func isPart(part, name string) bool {
	return strings.HasPrefix(name, part) || strings.HasSuffix(name, "-"+part)
}

// typingErrors returns how many bytes of a must be left out, added, replaced or
// swapped with their neighbor to get b (the optimal string alignment distance).
func typingErrors(a, b string) int {
	var before, last []int // the two rows above
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replaced := last[j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replaced)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
