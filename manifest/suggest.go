package manifest

import "strings"

// Suggest is the known name that an unknown one was probably meant to be, "" if
// none is close.
func Suggest(name string, known []string) string { return suggest(name, known) }

// suggest is the known name closest to an unknown one, "" if none is close. A
// name that differs in case, '-' or '_' only always matches; otherwise one
// slip per three letters is forgiven, where exchanging two neighbours is one.
func suggest(name string, known []string) string {
	fold := strings.NewReplacer("-", "", "_", "")
	plain := fold.Replace(strings.ToLower(name))
	best, bestDistance := "", len(plain)/3+1
	if len(plain) > maxSuggestLength {
		return ""
	}
	for _, candidate := range known {
		distance := editDistance(plain, fold.Replace(strings.ToLower(candidate)))
		if distance < bestDistance || distance == 0 {
			best, bestDistance = candidate, distance
		}
	}
	return best
}

// maxSuggestLength keeps the comparison cheap: no field is nearly as long.
const maxSuggestLength = 64

// editDistance counts insertions, deletions, substitutions and swaps of
// neighbours between two short strings.
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
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
		before, last = last, row
	}
	return last[len(b)]
}
