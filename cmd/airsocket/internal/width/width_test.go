package width

import (
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int{
		"": 0, "abc": 3, "żółw": 4, "日本": 4, "e\u0301": 1, "😀": 2, "👩\u200d🔬": 2, "👍🏽": 2, "🇵🇱": 2, "❤\ufe0f": 2, "→…": 2,
	} {
		if got := Text(s); got != want {
			t.Errorf("%q takes %d columns, want %d", s, got, want)
		}
	}
}

// A letter with marks without end is not one cell.
func TestMarksWithoutEnd(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"e" + strings.Repeat("\u0301", 100_000), strings.Repeat("\u200d", 100_000), strings.Repeat("👩\u200d", 10_000), strings.Repeat("\xcc", 1000)} {
		var whole strings.Builder
		for cell := range Cells(s) {
			if whole.WriteString(cell); len(cell) > MaxCell || cell == "" {
				t.Fatalf("a cell has %d bytes", len(cell))
			}
		}
		if whole.String() != s {
			t.Errorf("the cells are not the text: %d bytes of %d", whole.Len(), len(s))
		}
	}
}
