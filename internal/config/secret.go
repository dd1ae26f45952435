package config

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

const redacted = "REDACTED"

// secretKey is a key whose value would be a secret; secretSource is one that
// only says where the secret comes from.
var (
	secretKey    = regexp.MustCompile(`(?i)(^|[_-])(token|passw(or)?d|passphrase|secret|api[_-]?key|private[_-]?key|access[_-]?key|credentials?|bearer|authorization)$`)
	secretSource = regexp.MustCompile(`(?i)[_-](command|env|file|path)$`)
	secretValue  = regexp.MustCompile(`(?:^|[^A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[baprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}\.|-----BEGIN [A-Z ]*PRIVATE KEY)`)
)

// isSecret says why a value must not stand in the file; "" if it may.
func isSecret(key, value string) string {
	switch {
	case value == "":
		return ""
	case secretKey.MatchString(key) && !secretSource.MatchString(key):
		return key + " would be a secret"
	case secretValue.MatchString(value):
		return "the value looks like a secret"
	case strings.Contains(value, "://"):
		if u, err := url.Parse(value); err == nil && u.User != nil {
			if _, has := u.User.Password(); has {
				return "the address holds a password"
			}
		}
	}
	return ""
}

// secrets reports every secret below n.
func (d *decoder) secrets(n *yaml.Node, key string, depth int) {
	if depth > maxDepth {
		return
	}
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			d.secrets(n.Content[i+1], n.Content[i].Value, depth+1)
		}
	case yaml.SequenceNode:
		for _, item := range n.Content {
			d.secrets(item, key, depth+1)
		}
	case yaml.AliasNode:
		if n.Alias != nil && n.Alias.Kind == yaml.ScalarNode { // what is larger is seen where it stands
			d.secrets(n.Alias, key, depth+1)
		}
	case yaml.ScalarNode:
		if why := isSecret(key, n.Value); why != "" && n.Tag != "!!null" && n.Tag != "!!bool" {
			d.fail(n, secretFix(key), "%s: secrets do not belong in this file", why)
		}
	}
}

// secretFix says where the secret can come from instead.
func secretFix(key string) string {
	if secretKey.MatchString(key) {
		key = strings.ToLower(key)
		return "use " + key + "_command: [a command that prints it] or " + key + "_env: NAME"
	}
	return "use a token_command, or the environment"
}

// redaction copies nodes without secrets, and without aliases: what an alias
// stands for may lie outside of what is shown.
type redaction struct{ nodes int }

func (r *redaction) copy(n *yaml.Node, key string, depth int) (*yaml.Node, error) {
	if r.nodes++; r.nodes > maxNodes || depth > maxDepth {
		return nil, errors.New("too much to show: a section is nested too deeply or has too many entries")
	}
	if n.Kind == yaml.AliasNode && n.Alias != nil {
		return r.copy(n.Alias, key, depth+1)
	}
	c := *n
	// A comment may hold the secret that is taken out.
	c.Anchor, c.HeadComment, c.LineComment, c.FootComment = "", "", "", ""
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, item := range n.Content {
		name := key
		if n.Kind == yaml.MappingNode {
			name = ""
			if i%2 == 1 {
				name = n.Content[i-1].Value
			}
		}
		var err error
		if c.Content[i], err = r.copy(item, name, depth+1); err != nil {
			return nil, err
		}
	}
	if n.Kind == yaml.ScalarNode && isSecret(key, n.Value) != "" {
		c.Value, c.Tag, c.Style = redacted, "!!str", 0
	}
	return &c, nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
