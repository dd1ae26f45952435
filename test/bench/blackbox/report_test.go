package blackbox

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"
)

// report is the table that is printed at the end of a benchmark.
type report struct {
	title string
	rows  [][]string
}

func newReport(format string, args ...any) *report {
	return &report{title: fmt.Sprintf(format, args...)}
}

// add takes one row; floor and target may be empty.
func (r *report) add(what, ours, floor, ratio, target string) {
	r.rows = append(r.rows, []string{what, ours, floor, ratio, target, loadAverage()})
	fmt.Fprintln(os.Stderr, strings.Join(r.rows[len(r.rows)-1], " | "))
}

// number adds a row of plain numbers with their ratio.
func (r *report) number(what string, ours, floor float64, format, target string) {
	ratio, of := "", ""
	if floor >= 0 {
		of = fmt.Sprintf(format, floor)
		if floor > 0 {
			ratio = fmt.Sprintf("%.1fx", ours/floor)
		}
	}
	r.add(what, fmt.Sprintf(format, ours), of, ratio, target)
}

// durations adds a row of median and 95th percentile.
func (r *report) durations(what string, ours, floor times, target string) {
	show := func(t times) string {
		if len(t) == 0 {
			return ""
		}
		return fmt.Sprintf("%s / %s", ms(t.quantile(0.5)), ms(t.quantile(0.95)))
	}
	ratio := ""
	if m := floor.quantile(0.5); m > 0 {
		ratio = fmt.Sprintf("%.1fx", float64(ours.quantile(0.5))/float64(m))
	}
	r.add(what+", median / p95", show(ours), show(floor), ratio, target)
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }

func (r *report) print() {
	fmt.Printf("\n%s\n", r.title)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tcockpit\tfloor\tratio\ttarget\tload")
	for _, row := range r.rows {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	w.Flush()
	fmt.Println()
}
