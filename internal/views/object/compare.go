package object

import (
	"context"
	"slices"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// compareContext is how many equal lines stand around what differs.
const compareContext = 3

// mostCompared bounds what is compared line by line; longer texts are cut, and
// the document says so.
const mostCompared = 4000

// Compare is the difference between two manifests, as a unified diff.
func Compare(ctx context.Context, b pane.Backend, from, to core.Ref) (core.Document, error) {
	x, err := b.Manifest(ctx, from)
	if err != nil {
		return core.Document{}, err
	}
	y, err := b.Manifest(ctx, to)
	if err != nil {
		return core.Document{}, err
	}
	head := []text.Line{text.Sprintf("--- %s", text.Clean(from.String())).Line(), text.Sprintf("+++ %s", text.Clean(to.String())).Line()}
	if len(x.Lines) > mostCompared || len(y.Lines) > mostCompared {
		head = append(head, text.Sprintf("@@ only the first %d lines are compared", mostCompared).Line())
	}
	lines := diff(x.Lines[:min(len(x.Lines), mostCompared)], y.Lines[:min(len(y.Lines), mostCompared)])
	if len(lines) == 0 {
		lines = []text.Line{text.Lit(" both are the same").Line()}
	}
	return core.Document{Title: text.Lit("Diff"), Syntax: "diff", Lines: append(head, lines...)}, nil
}

// edit is a line of a comparison: kept (' '), removed or added.
type edit struct {
	sign byte
	line text.Line
}

// diff compares two texts and keeps some lines around each difference.
func diff(a, b []text.Line) []text.Line {
	edits := script(a, b)
	near := make([]bool, len(edits))
	for i, e := range edits {
		if e.sign != ' ' {
			for j := max(i-compareContext, 0); j <= min(i+compareContext, len(edits)-1); j++ {
				near[j] = true
			}
		}
	}
	var out []text.Line
	atA, atB := 1, 1
	for i, e := range edits {
		if near[i] {
			if i == 0 || !near[i-1] {
				out = append(out, text.Sprintf("@@ -%d +%d @@", atA, atB).Line())
			}
			switch e.sign {
			case '+':
				out = append(out, text.Sprintf("+%s", e.line).Line())
			case '-':
				out = append(out, text.Sprintf("-%s", e.line).Line())
			default:
				out = append(out, text.Sprintf(" %s", e.line).Line())
			}
		}
		if e.sign != '+' {
			atA++
		}
		if e.sign != '-' {
			atB++
		}
	}
	return out
}

// script is the shortest way from a to b, by Myers' greedy algorithm. What
// both begin and end with is set aside first, for manifests mostly agree.
func script(a, b []text.Line) []edit {
	pre := 0
	for pre < len(a) && pre < len(b) && a[pre].String() == b[pre].String() {
		pre++
	}
	post := 0
	for post < len(a)-pre && post < len(b)-pre && a[len(a)-1-post].String() == b[len(b)-1-post].String() {
		post++
	}
	var out []edit
	for _, l := range a[:pre] {
		out = append(out, edit{' ', l})
	}
	out = append(out, middle(a[pre:len(a)-post], b[pre:len(b)-post])...)
	for _, l := range a[len(a)-post:] {
		out = append(out, edit{' ', l})
	}
	return out
}

// mostEdits bounds the search for the shortest way: beyond it two texts have
// little in common, and one after the other says as much.
const mostEdits = 1500

func middle(a, b []text.Line) []edit {
	n, m := len(a), len(b)
	limit := min(n+m, mostEdits)
	v := make([]int, 2*limit+2) // the furthest x on each diagonal, from -limit
	var trace [][]int           // of diagonals -d to d+1, before step d
	for d := 0; d <= limit; d++ {
		trace = append(trace, append([]int(nil), v[limit-d:limit+d+2]...))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && v[limit+k-1] < v[limit+k+1] {
				x = v[limit+k+1]
			} else {
				x = v[limit+k-1] + 1
			}
			for x < n && x-k < m && a[x].String() == b[x-k].String() {
				x++
			}
			v[limit+k] = x
			if x >= n && x-k >= m {
				return walk(a, b, trace, d)
			}
		}
	}
	out := make([]edit, 0, n+m)
	for _, l := range a {
		out = append(out, edit{'-', l})
	}
	for _, l := range b {
		out = append(out, edit{'+', l})
	}
	return out
}

// walk goes the way that was found back from its end.
func walk(a, b []text.Line, trace [][]int, d int) []edit {
	x, y := len(a), len(b)
	var out []edit
	for ; d >= 0; d-- {
		start, down := 0, false
		if d > 0 {
			k := x - y
			before := func(k int) int { return trace[d][k+d] }
			down = k == -d || k != d && before(k-1) < before(k+1)
			if down {
				start = before(k + 1)
			} else {
				start = before(k-1) + 1
			}
		}
		for x > start {
			x, y = x-1, y-1
			out = append(out, edit{' ', a[x]})
		}
		switch {
		case d == 0:
		case down:
			y--
			out = append(out, edit{'+', b[y]})
		default:
			x--
			out = append(out, edit{'-', a[x]})
		}
	}
	slices.Reverse(out)
	return out
}
