package ci

import "strings"

// gitConfig is what we need of a configuration file of git.
type gitConfig struct {
	remotes  []namedURL // in the order they stand; the first address of each
	rewrites []rewrite
}

type namedURL struct{ name, url string }

func readConfig(file string) (gitConfig, error) {
	raw, err := readSmall(file)
	if err != nil {
		return gitConfig{}, err
	}
	return parseConfig(raw), nil
}

// parseConfig reads remote.*.url and url.*.insteadOf. What it does not
// understand it passes by, as it is not ours to complain about.
func parseConfig(raw string) gitConfig {
	var c gitConfig
	section, sub := "", ""
	lines := strings.Split(strings.ReplaceAll(raw, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' {
			var rest string
			section, sub, rest = header(line)
			if line = strings.TrimSpace(rest); line == "" {
				continue
			}
		}
		for strings.HasSuffix(line, `\`) && !strings.HasSuffix(line, `\\`) && i+1 < len(lines) {
			i++
			line = line[:len(line)-1] + strings.TrimSpace(lines[i])
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			continue
		}
		key, value = strings.ToLower(strings.TrimSpace(key)), configValue(value)
		switch {
		case section == "remote" && key == "url" && sub != "" && !c.has(sub):
			c.remotes = append(c.remotes, namedURL{sub, value})
		case section == "url" && key == "insteadof":
			c.rewrites = append(c.rewrites, rewrite{prefix: value, base: sub})
		}
	}
	return c
}

func (c *gitConfig) has(name string) bool {
	for _, r := range c.remotes {
		if r.name == name {
			return true
		}
	}
	return false
}

// header reads [section], [section "sub"] and the old [section.sub], and what
// stands behind.
func header(line string) (section, sub, rest string) {
	body := line[1:]
	if i := strings.IndexAny(body, `]"`); i >= 0 && body[i] == ']' {
		section, sub, _ = strings.Cut(strings.TrimSpace(body[:i]), ".")
		return strings.ToLower(section), sub, body[i+1:]
	}
	section, body, ok := strings.Cut(body, `"`)
	if !ok {
		return "", "", ""
	}
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '\\':
			if i++; i < len(body) {
				b.WriteByte(body[i])
			}
		case '"':
			rest, _ = strings.CutPrefix(strings.TrimSpace(body[i+1:]), "]")
			return strings.ToLower(strings.TrimSpace(section)), b.String(), rest
		default:
			b.WriteByte(body[i])
		}
	}
	return "", "", ""
}

// configValue takes quotes, escapes and comments out of a value.
func configValue(raw string) string {
	raw = strings.TrimSpace(raw)
	var b strings.Builder
	quoted := false
	for i := 0; i < len(raw); i++ {
		switch ch := raw[i]; {
		case ch == '"':
			quoted = !quoted
		case ch == '\\' && i+1 < len(raw):
			i++
			b.WriteByte(raw[i])
		case (ch == '#' || ch == ';') && !quoted:
			return strings.TrimSpace(b.String())
		default:
			b.WriteByte(ch)
		}
	}
	return strings.TrimSpace(b.String())
}
