package journal

import "regexp"

// RedactedText stands where something was taken out.
const RedactedText = "‹redacted›"

// secretName matches names whose values are not to be kept.
var secretName = regexp.MustCompile(`(?i)((^|[^a-z])pass|password|passwd|passphrase|(^|[^a-z])pwd|secret|token|api[_.-]?key|private[_.-]?key|access[_.-]?key([_.-]?id)?|credentials?|authorization)$`)

// The shapes of what is obviously a secret, wherever it stands.
var secretShapes = []struct {
	re   *regexp.Regexp
	with string
}{
	{regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)`), RedactedText},
	{regexp.MustCompile(`(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{16,}`), "$1 " + RedactedText},
	{regexp.MustCompile(`([a-z][a-z0-9+.-]*://)[^/\s:@'"]*:[^/\s@'"]+@`), "$1" + RedactedText + "@"},
	{regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*`), RedactedText},
	{regexp.MustCompile(`\b(gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|dckr_pat_[A-Za-z0-9_-]{16,}|hvs\.[A-Za-z0-9_-]{16,}|(AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|npm_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,})`), RedactedText},
	{regexp.MustCompile(`(?i)([a-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|credential|authorization)s?["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)`), "$1" + RedactedText},
}

// Scrub takes out what is obviously a secret: known token shapes, private
// keys, credentials in URLs, and the values of fields that are named like one.
func Scrub(s string) string {
	for _, x := range secretShapes {
		s = x.re.ReplaceAllString(s, x.with)
	}
	return s
}
