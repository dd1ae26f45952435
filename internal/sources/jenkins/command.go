package jenkins

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"devops-tui/internal/text"
)

// curl is the equivalent command line of a POST. The credential stands in the
// environment; with a password, where Jenkins wants a crumb, it fetches one.
func (s *Source) curl(path []string, q url.Values, form map[string]string) text.Safe {
	u := strings.TrimRight(s.api.Base().String(), "/")
	for _, p := range path {
		u += "/" + url.PathEscape(p)
	}
	if len(q) > 0 {
		u += "?" + q.Encode()
	}
	parts := []string{"curl -fsS -X POST"}
	if s.server.user != "" {
		parts = append(parts, `-u "$JENKINS_USER_ID:$JENKINS_API_TOKEN"`)
	}
	for _, k := range slices.Sorted(maps.Keys(form)) {
		parts = append(parts, "--data-urlencode "+shellWord(k+"="+form[k]))
	}
	return text.CleanLong(strings.Join(append(parts, shellWord(u)), " "))
}

func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_./:@=+,%", c))
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
