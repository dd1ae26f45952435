package github

import (
	"devops-tui/internal/credential"
	"devops-tui/internal/text"
)

// envNames are the variables that hold a host's token, as gh reads them.
func envNames(name string) []string {
	if isCloud(name) {
		return []string{"GH_TOKEN", "GITHUB_TOKEN"}
	}
	return []string{"GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"}
}

// tokenOrigin is where the token comes from: what the configuration names, else the
// environment, else gh.
func (h *host) tokenOrigin() credential.Origin {
	if o, ok := h.conf.Origin(h.getenv); ok {
		return o
	}
	for _, n := range envNames(h.name) {
		if o := credential.Env(h.getenv, n); !o.None() {
			return o
		}
	}
	switch {
	case h.login.token != "":
		return credential.Value(text.Lit("gh's hosts.yml"), h.login.token)
	case h.login.known && h.gh != "" && h.problem == nil:
		o := credential.Command(h.getenv, h.gh, "auth", "token", "--hostname", h.name)
		o.Where = text.Lit("gh auth token, asked at the first request")
		return o.Hinted(text.Sprintf("gh auth login --hostname %s, or set %s", h.name, envNames(h.name)[0]))
	}
	return credential.Origin{}
}

// tokenPlace says where the token comes from, without asking for it; ok is
// false when there is none, and fix is the step that gives one.
func (h *host) tokenPlace() (where text.Safe, ok bool, fix text.Safe) {
	o := h.tokenOrigin()
	if p := o.Look(); p != nil {
		return p.Summary, false, p.Hint
	}
	if !o.None() {
		return text.Sprintf("token from %s", o.Where), true, text.Safe{}
	}
	login := text.Sprintf("gh auth login --hostname %s", h.name)
	switch {
	case h.problem != nil:
		return text.Lit("no token: gh's configuration is not used"), false, h.problem.Hint
	case h.gh == "":
		login = text.Sprintf("export %s=…, or install gh and run: gh auth login --hostname %s", envNames(h.name)[0], h.name)
	}
	return text.Lit("no token: only public repositories, 60 requests an hour, no logs and no changes"), false, login
}
