package ci

import (
	"regexp"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// How much a line tells of what went wrong.
const (
	tellsNothing = iota
	tellsEnd     // that it ended badly: "exit code 1"
	tellsWho     // a wrapper's words about what it ran: "npm ERR!"
	tellsWhat    // what is wrong
)

// rule gives lines that a pattern fits a score.
type rule struct {
	fits  *regexp.Regexp
	score int
}

// noise are lines that name errors without having one: settings, counts of none,
// tests that passed, hints of a build tool.
var noise = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\b(0|no|zero) (errors?|failures?|failed|problems?)\b`,
	`\b(errors?|failures?|failed)["']?\s*[:=]\s*["']?(0|false|null|none|no)\b`,
	`fail[-_]fast|fail[-_]on|if-no-files-found|continue-on-error|on[-_]error|error[-_](handler|reporting|log|page|prone)|errors?\.(js|ts|go|py|rb|java|html|log)\b`,
	`^\[error\]\s*($|-> \[help|to see the full|re-run maven|for more information|after correcting|\[help)`,
	`^\s*(ok|pass|✓|✔|√|passed)\b.*(error|fail)`,
	`^--- pass|^=== (run|pause|cont|name)\b`,
	`\b(expect|should|must|handles?|returns?|test[_ ]?)[^:]*\berrors?\b.*\b(ok|passed|✓)\s*$`,
	`^npm (err!|error) (a complete log|\s*[/~].*\.log$|$)`,
	`finished: failure$`,
}, "|"))

var rules = []rule{
	// what an end says, or a wrapper, before what looks like an error at all
	{regexp.MustCompile(`(?i)process completed with exit code|job failed: exit (code|status)|script returned exit code|command terminated with exit code|cleaning up project directory`), tellsEnd},
	{regexp.MustCompile(`(?i)did not complete successfully: exit code|make(\[\d+\])?: \*\*\*|(exited|failed) with (exit )?(code|status) [1-9]|exit (code|status):? [1-9]\d*\b|^FAIL$|returned a non-zero code|##\[error\]`), tellsEnd},
	{regexp.MustCompile(`(?i)^npm (err!|error)|^yarn error|^error command failed|ELIFECYCLE|lerna err!|build failed|build failure|^FAILURE: |^failed to solve|failed to execute goal`), tellsWho},

	// tests
	{regexp.MustCompile(`^\s*--- FAIL: |^FAIL\s+\S|^(FAILED|ERROR) \S+::|^E {2,}\S|^\s*● .+ › |^\s*(✕|✗|×|✘) |^not ok \d|^\s*\d+\) .*:$|\bFAIL(ED)?\b[: ]`), tellsWhat},
	{regexp.MustCompile(`(?i)assertion(error| failed|failederror)|\bassert(ion)?\b.* failed|expected:? .*(but was|to (equal|be)|got)|test(s)? failed\b`), tellsWhat},
	// panics and exceptions
	{regexp.MustCompile(`^panic: |^fatal error: |^fatal: |Traceback \(most recent call last\)|\bpanicked at\b|^Exception in thread|(^|[\s.])[A-Z]\w*(Exception|Error)(:|$)|^Caused by: |Segmentation fault|core dumped|DATA RACE|OutOfMemory|out of memory|\bKilled\b$`), tellsWhat},
	// compilers and tools
	{regexp.MustCompile(`^(#\d+ [\d.]+ )?\S+\.\w+[:(]\[?\d+([:,]\d+)?[\])]?:? `), tellsWho},
	{regexp.MustCompile(`(?i)(^|[\s│|>\])])(error|fatal|critical)(\[\w+\])?:\s*\S|\berror TS\d+|^\[(error|fatal)\] ?\S|^#\d+ error: `), tellsWhat},
	{regexp.MustCompile(`(?i)command not found|no such file or directory|permission denied|access denied|unauthorized|connection refused|could not resolve|cannot find|not found:|timed out|undefined: |undefined reference|no space left|manifest unknown|imagepullbackoff|oomkilled`), tellsWho},
}

var compiler = regexp.MustCompile(`(?i)^(#\d+ )?([\d.]+ )?\S+\.\w+[:(]\[?\d+([:,]\d+)?[\])]?:? .*(error|undefined|cannot|undeclared|unused|expected|mismatch|declared and not used|not (in|a)\b|invalid|missing)|^\S+\.go:\d+(:\d+)?: `)

// judged is how much of a line is looked at, in bytes.
const judged = 400

// mostJudged bounds how many lines are judged, half of them from the beginning of a
// log and half from its end.
const mostJudged = 5000

func beginning(l *core.Line) string {
	s := l.Text.String()
	return strings.TrimRight(s[:min(len(s), judged)], " ")
}

// score is how much a line tells of what went wrong.
func score(l *core.Line) int {
	s := beginning(l)
	score := tellsNothing
	if l.Level >= core.LevelError {
		score = tellsWho
	}
	if found := ruled(l, s); found != tellsNothing {
		score = found
	}
	if score != tellsNothing && noise.MatchString(s) {
		return tellsNothing
	}
	return score
}

// ruled is the score by the first rule that fits.
func ruled(l *core.Line, s string) int {
	if compiler.MatchString(s) && l.Level != core.LevelWarn && !strings.Contains(s, "warning") {
		return tellsWhat
	}
	for _, r := range rules {
		if r.fits.MatchString(s) {
			return r.score
		}
	}
	return tellsNothing
}

// words are what a line has that any rule could fit, in lower case.
var words = []string{
	"error", "err!", "fail", "fatal", "panic", "exception", "traceback", "exit", "assert", "expected", "critical", "not ", "cannot", "could not", "could", "undefined", "denied",
	"refused", "unauthorized", "timed out", "no such", "no space", "manifest unknown", "imagepull", "oom", "memory", "killed", "core dumped", "segmentation", "data race", "caused by",
	"***", "●", "✕", "✗", "×", "✘", "e  ", "non-zero", "elifecycle", "terminated", "cleaning up", "did not", "backoff", "to equal", "to be",
}

// mayTell reports whether a line has anything that a rule could fit. Of a long
// log nearly no line has, and looking for words is a hundred times quicker than
// the rules.
func mayTell(l *core.Line) bool {
	s := beginning(l)
	// What is run is not what it says.
	if s == "" || l.Stream == core.Marker || l.Group != core.GroupNone || strings.HasPrefix(s, "$ ") || strings.HasPrefix(s, "+ ") {
		return false
	}
	if l.Level >= core.LevelError {
		return true
	}
	low := strings.ToLower(s)
	for _, w := range words {
		if strings.Contains(low, w) {
			return true
		}
	}
	for i := 0; i+1 < len(s); i++ { // file:12
		if (s[i] == ':' || s[i] == '(') && s[i+1] >= '0' && s[i+1] <= '9' {
			return true
		}
	}
	return false
}

// FirstErrors finds the first lines of a log that say what went wrong: at is
// the index of the first of them in lines, -1 if none does, and out are at most
// n lines from there on: those that tell as much, each with what belongs to it.
// Lines that only say that something ended badly count when no other tells
// more; those that mention errors without having one do not count.
func FirstErrors(lines []core.Line, n int) (at int, out []text.Line) {
	at = -1
	if n <= 0 {
		return at, nil
	}
	scores, best := scan(lines, n)
	if best == tellsNothing {
		return at, nil
	}
	for i := 0; i < len(lines) && len(out) < n; i++ {
		if scores[i] < best {
			continue
		}
		if at < 0 {
			at = i
		}
		out = append(out, lines[i].Text)
		for i+1 < len(lines) && len(out) < n && scores[i+1] < best {
			next := i + 1
			if blank(&lines[next]) && next+1 < len(lines) { // within what is set in
				next++
				if s := lines[next].Text.String(); s == "" || s[0] != ' ' || scores[next] >= best {
					break
				}
			}
			if !belongs(&lines[next], scores[next]) {
				break
			}
			i = next
			out = append(out, lines[i].Text)
		}
	}
	return at, out
}

// scan scores the lines, until n of them tell all that a line can; those of a
// group that only says what will be run tell nothing.
func scan(lines []core.Line, n int) (scores []uint8, best uint8) {
	scores = make([]uint8, len(lines))
	judge := candidates(lines)
	if len(judge) > mostJudged {
		judge = append(judge[:mostJudged/2], judge[len(judge)-mostJudged/2:]...)
	}
	for _, i := range judge {
		scores[i] = uint8(score(&lines[i]))
		best = max(best, scores[i])
		if scores[i] == tellsWhat {
			if n--; n < 0 {
				break
			}
		}
	}
	return scores, best
}

// candidates are the lines that are worth judging.
func candidates(lines []core.Line) []int {
	var out []int
	depth, script := 0, 0
	for i := range lines {
		switch lines[i].Group {
		case core.GroupOpen:
			depth++
			if script == 0 && onlySays(lines[i:]) {
				script = depth
			}
		case core.GroupClose:
			if script == depth {
				script = 0
			}
			depth--
		default:
			if script == 0 && mayTell(&lines[i]) {
				out = append(out, i)
			}
		}
	}
	return out
}

// onlySays reports whether the group at the beginning of lines is GitHub's "Run":
// it shows the script and how it is run, and closes before anything runs. The
// stages of other systems may be called so and have the output in them.
func onlySays(lines []core.Line) bool {
	const most = 500 // lines of a script
	if !strings.HasPrefix(lines[0].Text.String(), "Run ") {
		return false
	}
	for _, l := range lines[1:min(len(lines), most)] {
		if l.Group != core.GroupNone {
			return false
		}
		if s := l.Text.String(); strings.HasPrefix(s, "shell: ") || s == "with:" || s == "env:" {
			return true
		}
	}
	return false
}

// belongs reports whether a line goes on with an error above it.
func belongs(l *core.Line, score uint8) bool {
	if l.Group != core.GroupNone || l.Stream == core.Marker {
		return false
	}
	s := l.Text.String()
	if strings.TrimSpace(s) == "" || noise.MatchString(s) {
		return false
	}
	return score > tellsEnd || s[0] == ' ' || strings.HasPrefix(s, "│") || quoted.MatchString(s)
}

// quoted is a line of the source that a compiler shows below its error.
var quoted = regexp.MustCompile(`^\d+ +\|`)

func blank(l *core.Line) bool {
	return l.Group == core.GroupNone && l.Stream != core.Marker && strings.TrimSpace(l.Text.String()) == ""
}
