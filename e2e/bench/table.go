package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// spread is a figure from several runs.
type spread struct{ Median, Min, Max float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	if len(sorted) == 0 {
		return spread{}
	}
	n := len(sorted)
	return spread{Median: (sorted[(n-1)/2] + sorted[n/2]) / 2, Min: sorted[0], Max: sorted[n-1]}
}

// with writes a spread with the same format for its three figures.
func (s spread) with(format string) string {
	return fmt.Sprintf(format+" ("+format+"–"+format+")", s.Median, s.Min, s.Max)
}

func secondsOf[T any](all []T, of func(T) time.Duration) spread {
	var values []float64
	for _, one := range all {
		values = append(values, of(one).Seconds())
	}
	return spreadOf(values)
}

// table is a Markdown table that is also readable as it stands.
type table struct {
	head []string
	rows [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

func (t *table) String() string {
	width := make([]int, len(t.head))
	for _, row := range append([][]string{t.head}, t.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell), 3)
		}
	}
	var b strings.Builder
	line := func(cells []string, fill string) {
		for i, w := range width {
			cell := ""
			if i < len(cells) {
				cell = cells[i]
			}
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(fill, w-utf8.RuneCountInString(cell)))
		}
		b.WriteString("|\n")
	}
	line(t.head, " ")
	line(make([]string, len(t.head)), "-")
	for _, row := range t.rows {
		line(row, " ")
	}
	return b.String()
}
