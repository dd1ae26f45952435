package docker

import (
	"regexp"
	"strings"
	"unicode"
)

// redacted stands for a value that looks like a secret.
const redacted = "‹redacted›"

// secretWords make the name of a variable, label or option suspicious.
var secretWords = map[string]bool{
	"password": true, "passwd": true, "pass": true, "pwd": true, "passphrase": true, "secret": true, "secrets": true,
	"token": true, "tokens": true, "apikey": true, "credential": true, "credentials": true, "creds": true, "auth": true,
	"authorization": true, "dsn": true, "cookie": true, "jwt": true, "bearer": true, "key": true, "keys": true,
	"private": true, "salt": true, "session": true, "signature": true, "users": true, "basicauth": true, "htpasswd": true,
	"webhook": true, "canary": true,
}

// harmlessEnds are last words that make a name a place or a measure, not the
// secret itself: POSTGRES_PASSWORD_FILE, TOKEN_TTL.
var harmlessEnds = map[string]bool{
	"file": true, "path": true, "dir": true, "ttl": true, "timeout": true, "enabled": true, "length": true, "size": true, "algorithm": true,
}

// words splits a name at everything that is not a letter or digit, and where
// camelCase begins a word.
func words(name string) []string {
	var out []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			out = append(out, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	lower := false
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			flush()
			lower = false
			continue
		}
		if unicode.IsUpper(r) && lower {
			flush()
		}
		lower = unicode.IsLower(r)
		b.WriteRune(r)
	}
	flush()
	return out
}

// secretName reports whether what stands under that name is likely a secret.
func secretName(name string) bool {
	w := words(name)
	if len(w) == 0 || harmlessEnds[w[len(w)-1]] {
		return false
	}
	for _, x := range w {
		if x == "public" {
			return false
		}
		if secretWords[x] {
			return true
		}
		// PGPASSWORD, MYSQLPWD, DBPASS
		for _, end := range [...]string{"password", "passwd", "secret", "token", "apikey", "pwd", "dbpass", "userpass", "rootpass"} {
			if strings.HasSuffix(x, end) {
				return true
			}
		}
	}
	return false
}

var (
	// secretShapes are values that are secrets whatever their name is.
	secretShapes = regexp.MustCompile(`eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}` + // JWT
		`|-----BEGIN [A-Z ]*PRIVATE KEY` +
		`|\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}` +
		`|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bxox[abprs]-[\w-]{10,}|\bsk-[\w-]{20,}|\bsk_live_\w{10,}|\bdop_v1_\w{20,}` +
		`|\bhvs\.\w{20,}|\bAIza[\w-]{30,}`)
	// userInfo is the password in a URL.
	userInfo = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@`)
	// inQuery is a secret in a URL's query or a connection string.
	inQuery = regexp.MustCompile(`(?i)([?&;\s](?:[\w-]*(?:password|passwd|pwd|secret|token|api_?key|sig)))=[^&;\s]+`)
	// header is a credential in an HTTP header.
	header = regexp.MustCompile(`(?i)\b(authorization:\s*(?:\w+\s+)?|bearer\s+|basic\s+)[A-Za-z0-9+/=._~-]{8,}`)
	// longToken is a run that nobody types: it needs letters and digits.
	longToken = regexp.MustCompile(`^[A-Za-z0-9+/_=-]{32,}$`)
)

// redactText takes out of a text what looks like a secret by its shape.
func redactText(s string) string {
	s = userInfo.ReplaceAllString(s, "${1}"+redacted+"@")
	s = inQuery.ReplaceAllString(s, "${1}="+redacted)
	s = header.ReplaceAllString(s, "${1}"+redacted)
	return secretShapes.ReplaceAllString(s, redacted)
}

// redactValue returns value as it may be shown under that name.
func redactValue(name, value string) string {
	if value == "" {
		return value
	}
	if secretName(name) {
		return redacted
	}
	if longToken.MatchString(value) && strings.ContainsAny(value, "0123456789") && !isDigest(name, value) {
		return redacted
	}
	return redactText(value)
}

// isDigest lets what are commits, ids and checksums stay: plain hexadecimal
// under a name that does not sound secret.
func isDigest(_, value string) bool {
	for _, r := range value {
		if !strings.ContainsRune("0123456789abcdef", r) {
			return false
		}
	}
	return true
}

// redactEnv is redactValue for NAME=value.
func redactEnv(pair string) string {
	name, value, ok := strings.Cut(pair, "=")
	if !ok {
		return pair
	}
	return name + "=" + redactValue(name, value)
}

// redactArgs takes secrets out of a command line: --password=x, --password x,
// NAME=x, and what looks like one by itself.
func redactArgs(args []string) []string {
	out := make([]string, len(args))
	next := false
	for i, a := range args {
		name, value, pair := strings.Cut(a, "=")
		switch {
		case next && !strings.HasPrefix(a, "-"):
			out[i] = redacted
		case pair && !strings.ContainsAny(name, " \t\n"):
			out[i] = name + "=" + redactValue(name, value)
		default:
			out[i] = redactWords(a)
		}
		next = !pair && strings.HasPrefix(a, "-") && secretName(a)
	}
	return out
}

var (
	inScript = regexp.MustCompile(`([A-Za-z_][\w-]*)=("[^"]*"|'[^']*'|[^\s;&|]+)`)
	flagged  = regexp.MustCompile(`(--?[A-Za-z][\w-]*)\s+("[^"]*"|'[^']*'|[^\s;&|-][^\s;&|]*)`)
)

// redactWords is redactArgs for a line of a script.
func redactWords(line string) string {
	line = inScript.ReplaceAllStringFunc(line, func(m string) string {
		name, value, _ := strings.Cut(m, "=")
		return name + "=" + redactValue(name, value)
	})
	line = flagged.ReplaceAllStringFunc(line, func(m string) string {
		if name, _, _ := strings.Cut(m, " "); secretName(name) {
			return name + " " + redacted
		}
		return m
	})
	return redactText(line)
}

// redactJSON redacts a decoded JSON value in place: what is under a secret
// name, pairs in lists of variables, arguments, and what looks like a secret.
func redactJSON(name string, v any) any {
	switch x := v.(type) {
	case map[string]any:
		for k := range x {
			x[k] = redactJSON(k, x[k])
		}
	case []any:
		args := make([]string, 0, len(x))
		for i := range x {
			s, ok := x[i].(string)
			if !ok {
				x[i] = redactJSON(name, x[i])
				continue
			}
			args = append(args, s)
		}
		if len(args) == len(x) {
			for i, s := range redactList(name, args) {
				x[i] = s
			}
		}
	case string:
		if plainNames[name] {
			return redactText(x)
		}
		return redactValue(name, x)
	}
	return v
}

// plainNames are fields of the engine's own whose name or shape only looks
// suspicious.
var plainNames = map[string]bool{
	"SandboxKey": true, "SandboxID": true, "Id": true, "ID": true, "Image": true, "NetworkID": true, "EndpointID": true, "LogPath": true,
	"HostnamePath": true, "HostsPath": true, "ResolvConfPath": true, "Created": true, "Mountpoint": true, "Name": true, "Parent": true,
}

func redactList(name string, list []string) []string {
	switch name {
	case "Env":
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = redactEnv(s)
		}
		return out
	case "RepoTags", "RepoDigests", "Layers", "DNSNames", "Aliases", "Links":
		return list
	}
	return redactArgs(list)
}
