package object

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/diff"
	"devops-tui/internal/text"
	"devops-tui/internal/views/pane"
)

// compareContext is how many equal lines stand around what differs.
const compareContext = 3

// Compare is the difference between two manifests.
func Compare(ctx context.Context, b pane.Backend, from, to core.Ref) (core.Document, error) {
	x, err := b.Manifest(ctx, from)
	if err != nil {
		return core.Document{}, err
	}
	y, err := b.Manifest(ctx, to)
	if err != nil {
		return core.Document{}, err
	}
	lines := diff.Lines(plain(x.Lines), plain(y.Lines), compareContext)
	if len(lines) == 0 {
		lines = []text.Line{text.Lit("  both are the same").Line()}
	}
	head := []text.Line{text.Sprintf("--- %s", text.Clean(from.String())).Line(), text.Sprintf("+++ %s", text.Clean(to.String())).Line()}
	return core.Document{Title: text.Lit("Diff"), Syntax: "diff", Lines: append(head, lines...)}, nil
}

func plain(lines []text.Line) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.String()
	}
	return out
}
