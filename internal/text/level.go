package text

// levelWindow is how much of a line is looked at for its level, in bytes.
const levelWindow = 160

// DetectLevel guesses a log line's level from its first 160 bytes: one of
// "trace", "debug", "info", "warn", "error", "fatal", or "" if there is none.
// It does not allocate.
//
// A field that names the level (level=warn, "severity":"ERROR") counts most.
// Otherwise it is the first word that is a level in the way programs write
// one: in capitals (WARN), in brackets ([error]), at the start before a colon
// (error: …), or klog's letter and date (E0102). A level's name in running
// text counts for nothing.
func DetectLevel(s string) string {
	s = s[:min(len(s), levelWindow)]
	found := ""
	if l := klogLevel(s); l != "" {
		return l
	}
	for i := 0; i < len(s); {
		if !isLetter(s[i]) {
			i++
			continue
		}
		start := i
		for i < len(s) && isLetter(s[i]) {
			i++
		}
		if i == len(s) && len(s) == levelWindow {
			break // the word may go on behind the window
		}
		if n := i - start; n < 3 || n > 11 {
			continue
		}
		word := s[start:i]
		if isLevelKey(word) {
			if l := valueLevel(s[i:]); l != "" {
				return l
			}
			continue
		}
		if found == "" {
			if l := levelName(word); l != "" && markedAsLevel(s, start, i) {
				found = l
			}
		}
	}
	return found
}

// klogLevel reads the header of Kubernetes' own logs: a letter and the month
// and day, then a space.
func klogLevel(s string) string {
	if len(s) < 6 || s[5] != ' ' {
		return ""
	}
	for _, b := range []byte(s[1:5]) {
		if b < '0' || b > '9' {
			return ""
		}
	}
	switch s[0] {
	case 'I':
		return "info"
	case 'W':
		return "warn"
	case 'E':
		return "error"
	case 'F':
		return "fatal"
	}
	return ""
}

func isLevelKey(word string) bool {
	return equalFold(word, "level") || equalFold(word, "lvl") || equalFold(word, "severity") ||
		equalFold(word, "loglevel") || equalFold(word, "levelname")
}

// valueLevel reads the level behind a key: =warn, ="warn", ": "warn", ":30.
func valueLevel(s string) string {
	i := 0
	sign := false
	for i < len(s) && (s[i] == '"' || s[i] == ' ' || s[i] == '=' || s[i] == ':') {
		sign = sign || s[i] == '=' || s[i] == ':'
		i++
	}
	if !sign {
		return ""
	}
	end := i
	for end < len(s) && isLetter(s[end]) {
		end++
	}
	if end > i {
		return levelName(s[i:end])
	}
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == i+2 && s[i+1] == '0' { // Pino and Bunyan count in tens
		switch s[i] {
		case '1':
			return "trace"
		case '2':
			return "debug"
		case '3':
			return "info"
		case '4':
			return "warn"
		case '5':
			return "error"
		case '6':
			return "fatal"
		}
	}
	return ""
}

// markedAsLevel reports whether the level's name at s[start:end] is written
// as programs mark a level, not as a word in a sentence.
func markedAsLevel(s string, start, end int) bool {
	before, after := byte(' '), byte(' ')
	if start > 0 {
		before = s[start-1]
	}
	if end < len(s) {
		after = s[end]
	}
	if before == '[' && (after == ']' || after == ':') || before == '<' && after == '>' {
		return true
	}
	if start == 0 && after == ':' {
		return true
	}
	for i := start; i < end; i++ {
		if s[i] >= 'a' {
			return false
		}
	}
	return isDelimiter(before) && isDelimiter(after)
}

func isDelimiter(b byte) bool {
	switch b {
	case ' ', '[', ']', '(', ')', '|', ':', ',', '!', '"', '/', '{', '}', '<', '>':
		return true
	}
	return b >= 0x80 // …, │ and other ornaments
}

// levelName returns the level that a word names, in any case.
func levelName(w string) string {
	switch w[0] | 0x20 {
	case 't':
		if equalFold(w, "trace") || equalFold(w, "trc") {
			return "trace"
		}
	case 'd':
		if equalFold(w, "debug") || equalFold(w, "dbg") {
			return "debug"
		}
	case 'i':
		if equalFold(w, "info") || equalFold(w, "inf") || equalFold(w, "information") {
			return "info"
		}
	case 'n':
		if equalFold(w, "notice") {
			return "info"
		}
	case 'w':
		if equalFold(w, "warn") || equalFold(w, "warning") || equalFold(w, "wrn") {
			return "warn"
		}
	case 'e':
		if equalFold(w, "error") || equalFold(w, "err") {
			return "error"
		}
		if equalFold(w, "emerg") || equalFold(w, "emergency") {
			return "fatal"
		}
	case 's':
		if equalFold(w, "severe") {
			return "error"
		}
	case 'f':
		if equalFold(w, "fatal") || equalFold(w, "ftl") {
			return "fatal"
		}
	case 'p':
		if equalFold(w, "panic") {
			return "fatal"
		}
	case 'c':
		if equalFold(w, "critical") || equalFold(w, "crit") {
			return "fatal"
		}
	case 'a':
		if equalFold(w, "alert") {
			return "fatal"
		}
	}
	return ""
}

func isLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

// equalFold compares ASCII letters; lower is in lower case.
func equalFold(w, lower string) bool {
	if len(w) != len(lower) {
		return false
	}
	for i := range len(w) {
		if w[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}
