package console

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"

	"github.com/airsocket/airsocket/bot/internal/realm"
)

// maxColumns is the number of columns of a table, and maxItems that of its rows.
const maxColumns = 20

// table prints an object of objects as a table.
func table(c *Console, r *realm.Realm, args []goja.Value) {
	data, ok := realm.Arg(args, 0).(*goja.Object)
	if !ok {
		c.print("log", format(r, args))
		return
	}
	i := inspector{realm: r}
	columns := []string{"(index)"}
	values := false
	rows := i.rows(data)
	for _, key := range rows {
		o, ok := i.cell(data, key).(*goja.Object)
		if !ok {
			values = true
			continue
		}
		for _, name := range i.rows(o) {
			if !slices.Contains(columns[1:], name) && len(columns) < maxColumns {
				columns = append(columns, name)
			}
		}
	}
	var lines [][]string
	head := []string{}
	for _, name := range columns {
		head = append(head, shorten(name))
	}
	if values {
		head = append(head, "Values")
	}
	lines = append(lines, head)
	for _, key := range rows {
		line := []string{shorten(key)}
		v := i.cell(data, key)
		o, isObject := v.(*goja.Object)
		var names []string
		if isObject {
			names = i.rows(o)
		}
		for _, name := range columns[1:] {
			cell := ""
			if slices.Contains(names, name) {
				cell = shorten(inspect(r, i.cell(o, name)))
			}
			line = append(line, cell)
		}
		if values && !isObject {
			line = append(line, shorten(inspect(r, v)))
		} else if values {
			line = append(line, "")
		}
		lines = append(lines, line)
	}
	c.print("log", align(lines))
}

// cell returns a property, or undefined if the script would have to be called for it.
func (i *inspector) cell(o *goja.Object, name string) goja.Value {
	v, _ := i.own(o, name)
	return v
}

// align returns the cells in columns, with a line below the first row.
func align(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, line := range lines {
		for i, cell := range line {
			if i > 0 {
				b.WriteString(" | ")
			}
			b.WriteString(cell)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
			}
		}
		if n == 0 {
			b.WriteString("\n")
			for i, w := range widths {
				if i > 0 {
					b.WriteString("-+-")
				}
				b.WriteString(strings.Repeat("-", w))
			}
		}
		if n < len(lines)-1 {
			b.WriteString("\n")
		}
	}
	return b.String()
}
