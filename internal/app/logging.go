package app

import (
	"fmt"
	"log/slog"
	"os"

	"devops-tui/internal/actions/journal"
	"devops-tui/internal/text"
)

// openLog makes the program's own log: JSON lines in --log-file, or nowhere.
// What is logged was cleaned and rid of obvious secrets before.
func (r *run) openLog() (*slog.Logger, func(), error) {
	if r.logFile == "" {
		return slog.New(slog.DiscardHandler), func() {}, nil
	}
	f, err := os.OpenFile(r.logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, &usageError{fmt.Sprintf("--log-file: %v", err)}
	}
	level := slog.LevelInfo
	if r.debug {
		level = slog.LevelDebug
	}
	h := slog.NewJSONHandler(f, &slog.HandlerOptions{Level: level, ReplaceAttr: redact})
	return slog.New(h), func() { _ = f.Close() }, nil
}

// redact cleans what is logged.
func redact(_ []string, a slog.Attr) slog.Attr {
	switch a.Value.Kind() {
	case slog.KindString:
		a.Value = slog.StringValue(scrub(a.Value.String()))
	case slog.KindAny:
		if err, ok := a.Value.Any().(error); ok {
			a.Value = slog.StringValue(scrub(err.Error()))
		}
	}
	return a
}

// scrub makes text of ours fit to be kept: cleaned, without obvious secrets.
func scrub(s string) string { return text.CleanLong(journal.Scrub(s)).String() }
