package bench

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tandem-dev/tandem/e2e/bench/load"
	"github.com/tandem-dev/tandem/e2e/harness"
)

// figure is one column of the tunnels' tables.
type figure struct {
	key, name, format string
	more              bool // more is better
	of                func(load.Result) float64
}

var figures = []figure{
	{"new p50", "new connection + GET p50, ms", "%.2f", false, func(r load.Result) float64 { return ms(r.New, 0.5) }},
	{"new p99", "p99", "%.1f", false, func(r load.Result) float64 { return ms(r.New, 0.99) }},
	{"kept p50", "keep-alive GET p50, ms", "%.2f", false, func(r load.Result) float64 { return ms(r.Kept, 0.5) }},
	{"kept p99", "p99", "%.1f", false, func(r load.Result) float64 { return ms(r.Kept, 0.99) }},
	{"down", "download, MB/s", "%.0f", true, func(r load.Result) float64 { return r.Down / 1e6 }},
	{"up", "upload, MB/s", "%.0f", true, func(r load.Result) float64 { return r.Up / 1e6 }},
	{"down 8", "with 8 connections", "%.0f", true, func(r load.Result) float64 { return r.DownMany / 1e6 }},
	{"up 8", "upload with 8", "%.0f", true, func(r load.Result) float64 { return r.UpMany / 1e6 }},
	{"busy p99", "keep-alive p99 beside a download, ms", "%.1f", false, func(r load.Result) float64 { return ms(r.Busy, 0.99) }},
}

// value is the median of a way's rounds, 0 where it was not measured.
func (d *distance) value(name string, f figure) float64 {
	for _, w := range d.Ways {
		if w.Name == name {
			return spreadOf(w.each(f.of)).Median
		}
	}
	return 0
}

// best is kubectl's better one.
func (d *distance) best(f figure) float64 {
	a, b := d.value(kubectlWebSocket, f), d.value(kubectlSPDY, f)
	if f.more {
		return max(a, b)
	}
	return min(a, b)
}

// against is a way's figure as a ratio to kubectl's best; 0 where there is none.
func (d *distance) against(name string, f figure) float64 {
	value, best := d.value(name, f), d.best(f)
	if value == 0 || best == 0 {
		return 0
	}
	return value / best
}

// ratios are our ways' to kubectl's best, by "way, distance, figure", without the
// outliers that p99 are made of.
func ratios(all []*distance) map[string]float64 {
	found := map[string]float64{}
	for _, d := range all {
		for _, name := range []string{forward, reverse} {
			for _, f := range figures {
				if r := d.against(name, f); r > 0 && !strings.HasSuffix(f.key, "p99") {
					found[fmt.Sprintf("%s, %d ms, %s", name, d.Added.Milliseconds(), f.key)] = math.Round(r*100) / 100
				}
			}
		}
	}
	return found
}

// tolerance is by how much a ratio may be worse than the committed one.
const tolerance = 1.25

// regressions are the ratios that are worse than committed ones by more than the
// tolerance, as lines for a reader.
func regressions(committed, now map[string]float64) (worse []string) {
	for _, key := range slices.Sorted(maps.Keys(committed)) {
		was, is := committed[key], now[key]
		bad := is > was*tolerance
		for _, f := range figures {
			if f.more && strings.HasSuffix(key, ", "+f.key) {
				bad = is < was/tolerance
			}
		}
		if is == 0 {
			worse = append(worse, key+": not measured")
		} else if bad {
			worse = append(worse, fmt.Sprintf("%s: %.2f of kubectl's best, committed %.2f", key, is, was))
		}
	}
	return worse
}

func ratiosPath() (string, error) {
	root, err := harness.Root()
	return filepath.Join(root, "e2e", "bench", "testdata", "ratios.json"), err
}

func readRatios() (map[string]float64, error) {
	path, err := ratiosPath()
	if err != nil {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("no committed ratios to compare with, make bench ARGS=-update writes them: %w", err)
	}
	committed := map[string]float64{}
	return committed, json.Unmarshal(content, &committed)
}

func writeRatios(now map[string]float64) error {
	path, err := ratiosPath()
	if err != nil {
		return err
	}
	content, err := json.MarshalIndent(now, "", "\t")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(content, '\n'), 0o644)
}

// goalTable says which goals were met in this run.
func goalTable(all []*distance) *table {
	t := &table{head: []string{"", forward, reverse, "goal", ""}}
	figureOf := func(key string) figure {
		return figures[slices.IndexFunc(figures, func(f figure) bool { return f.key == key })]
	}
	row := func(text, format string, limit float64, more bool, of func(name string) float64) {
		values := []float64{of(forward), of(reverse)}
		met, word := true, "at most"
		if more {
			word = "at least"
		}
		for _, v := range values {
			met = met && v > 0 && (more && v >= limit || !more && v <= limit)
		}
		state := "met"
		if !met {
			state = "**missed**"
		}
		t.row(text, fmt.Sprintf(format, values[0]), fmt.Sprintf(format, values[1]), fmt.Sprintf(word+" "+format, limit), state)
	}
	for _, d := range all {
		ratio := func(key string) func(string) float64 {
			return func(name string) float64 { return d.against(name, figureOf(key)) }
		}
		at := ""
		if d.Added > 0 {
			at = fmt.Sprintf(", %d ms added", d.Added.Milliseconds())
			row("new connection p50 / kubectl's best"+at, "%.2f", 0.4, false, ratio("new p50"))
		} else {
			row("new connection p50 / kubectl's best", "%.2f", 0.6, false, ratio("new p50"))
			row("keep-alive p50 / kubectl's best", "%.2f", 1.1, false, ratio("kept p50"))
		}
		least := 0.8
		if d.Added >= 80*time.Millisecond {
			least = 1
		}
		row("download / kubectl's best"+at, "%.2f", least, true, ratio("down"))
		row("upload / kubectl's best"+at, "%.2f", least, true, ratio("up"))
		row("download, 8 connections / kubectl's best"+at, "%.2f", 1, true, ratio("down 8"))
		row("upload, 8 connections / kubectl's best"+at, "%.2f", 1, true, ratio("up 8"))
		if d.Added > 0 {
			continue
		}
		for _, key := range []string{"down", "up"} {
			f := figureOf(key)
			row(strings.TrimSuffix(f.name, ", MB/s")+" / OpenSSH's", "%.2f", 1.7, true, func(name string) float64 {
				peer := d.value(sshForward, f)
				if name == reverse {
					peer = d.value(sshReverse, f)
				}
				if peer == 0 {
					return 0
				}
				return d.value(name, f) / peer
			})
		}
		row("keep-alive p99 beside a download, ms", "%.1f", 5, false, func(name string) float64 { return d.value(name, figureOf("busy p99")) })
		check := func(of func(load.Checks) float64) func(string) float64 {
			return func(name string) float64 {
				for _, w := range d.Ways {
					if w.Name == name {
						return of(w.Checks)
					}
				}
				return 0
			}
		}
		row(fmt.Sprintf("answered beside a stalled reader, of %d", load.Tried), "%.0f", load.Tried, true, check(func(c load.Checks) float64 { return float64(c.Beside) }))
		row("connections held at once", "%.0f", float64(d.held), true, check(func(c load.Checks) float64 { return float64(c.Held) }))
	}
	return t
}

// table is the distance's figures, way by way, in brackets the ratio to kubectl's
// best.
func (d *distance) table() *table {
	t := &table{head: []string{""}}
	var shown []figure
	for _, f := range figures {
		if d.best(f) > 0 {
			shown = append(shown, f)
			t.head = append(t.head, f.name)
		}
	}
	if d.held > 0 {
		t.head = append(t.head, "half-close", "beside a stalled reader", fmt.Sprintf("%d held", d.held))
	}
	for _, w := range d.Ways {
		row := []string{w.Name}
		for _, f := range shown {
			cell := fmt.Sprintf(f.format, d.value(w.Name, f))
			if r := d.against(w.Name, f); w.Name != loopback && w.Name != podToPod {
				cell += fmt.Sprintf(" (%.2f)", r)
			}
			row = append(row, cell)
		}
		if d.held > 0 {
			half := "reply lost"
			if w.Checks.HalfClose {
				half = "right"
			}
			row = append(row, half, fmt.Sprintf("%d of %d", w.Checks.Beside, load.Tried), fmt.Sprint(w.Checks.Held))
		}
		t.row(row...)
	}
	return t
}
