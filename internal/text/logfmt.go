package text

import (
	"strconv"
	"strings"
)

// logfmtFields reads key=value pairs. The line must begin with a pair and
// have at least two, or every sentence with an equals sign would be one.
// Words without a value, as behind an unquoted msg=, are keys with no value.
func logfmtFields(s string) ([]KV, bool) {
	var kv []KV
	pairs := 0
	for {
		s = strings.TrimLeft(s, " ")
		if s == "" {
			break
		}
		end := 0
		for end < len(s) && s[end] != '=' && s[end] != ' ' && s[end] != '"' {
			end++
		}
		key := s[:end]
		s = s[end:]
		if key == "" || s != "" && s[0] == '"' {
			return nil, false
		}
		if s == "" || s[0] == ' ' {
			if pairs == 0 {
				return nil, false
			}
			kv = append(kv, KV{Key: key})
			continue
		}
		value, rest, ok := logfmtValue(s[1:])
		if !ok {
			return nil, false
		}
		pairs++
		kv = append(kv, KV{key, value})
		s = rest
	}
	return kv, pairs >= 2
}

// logfmtValue reads one value, quoted or not, at the start of s.
func logfmtValue(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		value, rest, _ = strings.Cut(s, " ")
		return value, rest, true
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			rest = s[i+1:]
			if rest != "" && rest[0] != ' ' {
				return "", "", false
			}
			if v, err := strconv.Unquote(s[:i+1]); err == nil {
				return v, rest, true
			}
			return s[1:i], rest, true // not Go's escapes: as it stands
		}
	}
	return "", "", false
}
