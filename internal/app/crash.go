package app

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// resetTerminal undoes whatever a cockpit that ended without a word may have
// switched on: synchronised output, keyboard protocols, mouse, focus and paste
// reports, colours, the alternate screen; and shows the cursor.
const resetTerminal = "\x1b[?2026l\x1b[=0;1u\x1b[>4m" +
	"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l\x1b[?2027l\x1b[?2031l" +
	"\x1b[0m\x1b[?1049l\x1b[=0;1u\x1b[?1l\x1b>\x1b[0 q\x1b[?25h\r"

// crashFile keeps what a crashed program said, cleaned and without obvious
// secrets, in a file that only this user can read.
func (r *run) crashFile(words string) (string, error) {
	root, dir, err := r.folder("crashes")
	if err != nil {
		return "", err
	}
	defer root.Close()
	f, name, err := createNew(root, "crash-"+time.Now().Format("20060102-150405"), ".txt")
	if err != nil {
		return "", fmt.Errorf("write a crash report in %s: %w", dir, err)
	}
	defer f.Close()
	v := buildVersion()
	var b strings.Builder
	fmt.Fprintf(&b, "devops-tui %s %s, %s %s/%s, %s\n\n", v.Version, v.Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH, time.Now().Format(time.RFC3339))
	for line := range strings.SplitSeq(words, "\n") {
		b.WriteString(scrub(line))
		b.WriteByte('\n')
	}
	if _, err := f.WriteString(b.String()); err != nil {
		return "", fmt.Errorf("write a crash report in %s: %w", dir, err)
	}
	return filepath.Join(dir, name), nil
}

// reportCrash keeps the words and says in one line what happened and where
// they are.
func (r *run) reportCrash(what, words string) {
	if strings.TrimSpace(words) == "" {
		fmt.Fprintf(r.stderr, "devops-tui: %s\n", what)
		return
	}
	path, err := r.crashFile(words)
	if err != nil {
		fmt.Fprintf(r.stderr, "devops-tui: %s; no crash report could be kept: %s\n", what, scrub(err.Error()))
		fmt.Fprintln(r.stderr, strings.TrimSpace(scrub(firstLine(words))))
		return
	}
	fmt.Fprintf(r.stderr, "devops-tui: %s: %s; the report is in %s\n", what, scrub(firstLine(words)), path)
}

// firstLine is the line that says what a crash was, the first one otherwise.
func firstLine(words string) string {
	first := ""
	for line := range strings.SplitSeq(words, "\n") {
		line = strings.TrimSpace(line)
		if first == "" {
			first = line
		}
		for _, mark := range []string{"panic: ", "fatal error: ", "SIGQUIT: "} {
			if strings.HasPrefix(line, mark) {
				return line
			}
		}
	}
	return first
}

// stackOf is the text of an error with its stack, as core.PanicError has one.
func stackOf(err error, stack []byte) string { return err.Error() + "\n\n" + string(stack) }
