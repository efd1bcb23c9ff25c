package envfile

import (
	"cmp"
	"slices"
	"strings"
)

// maxSimilar is how many names "did you mean" offers.
const maxSimilar = 3

// maxNameCompared bounds the work of one comparison, in bytes of a name.
const maxNameCompared = 128

// similar are the names of the environment that are most like name, which it
// does not have: a third of the letters may be wrong, a quarter of them where a
// name only begins like it, or name is a part of them.
func similar(name string, env *Environment) []string {
	type near struct {
		name     string
		distance int
	}
	wanted := strings.ToUpper(name)
	if len(wanted) > maxNameCompared {
		return nil
	}
	var all []near
	for _, v := range env.Vars {
		has := strings.ToUpper(v.Name)
		if len(has) > maxNameCompared {
			continue
		}
		d, begin := distance(wanted, has)
		switch {
		case d <= max(len(wanted), len(has))/3, begin <= len(wanted)/4 && len(wanted) >= 4:
		case len(wanted) >= 3 && strings.Contains(has, wanted):
		default:
			continue
		}
		all = append(all, near{v.Name, d})
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var names []string
	for _, n := range all[:min(len(all), maxSimilar)] {
		names = append(names, n.name)
	}
	return names
}

// distance is how many bytes must be put in, taken out, replaced, or swapped
// with their neighbour to make b of a (the optimal string alignment), and to make
// the beginning of b that is nearest.
func distance(a, b string) (whole, beginning int) {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)], slices.Min(last)
}
