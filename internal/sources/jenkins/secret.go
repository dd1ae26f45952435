package jenkins

import "strings"

// isAPIToken reports whether a secret has the shape of an API token, for which
// Jenkins wants no crumb: 34 hexadecimal digits that begin with 11, or the 32
// of a legacy token.
func isAPIToken(s string) bool {
	if len(s) != 32 && !(len(s) == 34 && strings.HasPrefix(s, "11")) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'f') })
}
