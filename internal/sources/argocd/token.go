package argocd

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"devops-tui/internal/credential"
	"devops-tui/internal/text"
)

// tokenOrigin is where the token comes from: what the configuration names, else
// what the environment or the argocd command has for this server. argocd
// relogin puts a new one into the command's file.
func (s *server) tokenOrigin() credential.Origin {
	if o, ok := s.conf.Origin(s.getenv); ok {
		return o
	}
	switch {
	case s.token != "":
		return credential.Value(text.Lit("the environment"), s.token)
	case s.context != "":
		return credential.Reading(text.Sprintf("the argocd command, user %s", s.user), func(context.Context) (string, error) {
			cli, err := readCLI(s.cliFile)
			if err != nil || cli == nil {
				return "", err
			}
			_, token, _, _ := cli.context(s.context)
			return token, nil
		})
	}
	return credential.Env(s.getenv, "ARGOCD_AUTH_TOKEN")
}

// expiry is when a token ends by itself; zero: it does not say, or never.
func expiry(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return time.Time{}
	}
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(b, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}
