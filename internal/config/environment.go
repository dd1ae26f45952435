package config

import (
	"fmt"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
)

// EnvironmentRule says what belongs to an environment and how carefully it is
// changed.
type EnvironmentRule struct {
	Name     string   `yaml:"name" doc:"Shown as the badge." example:"prod"`
	Match    Match    `yaml:"match" doc:"What belongs to it. All that are given must match; of each, one pattern. Patterns know * and ?."`
	Policy   Policies `yaml:"policy,omitempty" doc:"How a change is confirmed; without it, as without the rule: free (enter), confirm (y), name (type the object's name) or deny; or a mapping of verbs and of default, harmless, interrupts, loses to those." example:"{default: name, restart: confirm, delete: deny}"`
	Color    string   `yaml:"color,omitempty" doc:"Of the badge." enum:"red,orange,yellow,green,blue,cyan,purple,grey"`
	MaxBulk  int      `yaml:"max_bulk,omitempty" doc:"The most objects that one plan may change; 0: no bound." min:"0" max:"100000"`
	ReadOnly bool     `yaml:"read_only,omitempty" doc:"Nothing is ever changed there."`
	Glass    *bool    `yaml:"break_glass,omitempty" doc:"Whether break-glass, with a reason and for 15 minutes, makes what policy denies a change that is confirmed by name; without it, it does. It never lifts read_only or max_bulk." example:"false"`
}

// decodeNode reads a rule and refuses one that would swallow everything by
// mistake.
func (r *EnvironmentRule) decodeNode(d *decoder, n *yaml.Node, at string) {
	before := len(d.problems)
	d.mapping(n, reflect.ValueOf(r).Elem(), at, 2)
	switch {
	case len(d.problems) > before:
	case r.Name == "":
		d.fail(n, "add name: …", "an environment needs a name")
	case len(r.Match.Context)+len(r.Match.Namespace)+len(r.Match.Host)+len(r.Match.Repo)+len(r.Match.Source)+len(r.Match.Environment) == 0:
		d.fail(n, "say what belongs to it in match; everything is match: {source: \"*\"}", "environment %s matches everything", r.Name)
	}
}

// Match is what belongs to an environment.
type Match struct {
	Context   []string `yaml:"context,omitempty" doc:"Cluster contexts." example:"[prod-*]"`
	Namespace []string `yaml:"namespace,omitempty" doc:"Namespaces." example:"[payments]"`
	Host      []string `yaml:"host,omitempty" doc:"Docker hosts and servers." example:"[prod-*]"`
	Repo      []string `yaml:"repo,omitempty" doc:"Repositories." example:"[acme/shop]"`
	Source    []string `yaml:"source,omitempty" doc:"Sources." example:"[kube]"`
	// Environment is of pipelines: what a run deploys to, or a gate guards.
	Environment []string `yaml:"environment,omitempty" doc:"Environments that pipelines deploy to, by their names there." example:"[production, prod-*]"`
}

// Policy is how strongly a change must be confirmed.
type Policy uint8

// The policies, the weaker first.
const (
	Confirm Policy = iota // press y
	Free                  // press enter
	Name                  // type the object's name
	Deny                  // not at all
)

var policyNames = [...]string{"confirm", "free", "name", "deny"}

// String is the policy's name in the file.
func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return fmt.Sprintf("policy(%d)", p)
}

// Stricter returns the one of both that asks for more.
func (p Policy) Stricter(o Policy) Policy {
	rank := [...]int{Confirm: 1, Free: 0, Name: 2, Deny: 3}
	if rank[o] > rank[p] {
		return o
	}
	return p
}

// Policies is the policies of an environment: one for all changes, or by verb
// and danger.
type Policies struct {
	Default Policy
	Verbs   map[string]Policy
	Danger  map[int]Policy // core.Plan.Danger

	given bool // the file says so
}

// IsZero reports that nothing is said: then the names decide, so that a rule
// that only gives a colour never weakens what guards production.
func (v Policies) IsZero() bool {
	return !v.given && v.Default == Confirm && len(v.Verbs) == 0 && len(v.Danger) == 0
}

// dangerNames are the keys for core.Plan.Danger 0, 1, 2.
var dangerNames = []string{"harmless", "interrupts", "loses"}

// decodeNode reads a policy's name or a mapping.
func (v *Policies) decodeNode(d *decoder, n *yaml.Node, at string) {
	if n.Kind == yaml.ScalarNode {
		if n.Tag == "!!null" {
			return
		}
		v.given = true
		v.Default.decodeNode(d, n, at)
		return
	}
	out := Policies{Default: v.Default, Verbs: map[string]Policy{}, Danger: map[int]Policy{}, given: true}
	d.entries(n, at, func(key, value *yaml.Node) {
		var p Policy
		before := len(d.problems)
		d.into(value, reflect.ValueOf(&p).Elem(), "", join(at, key.Value), 1)
		if len(d.problems) > before {
			return
		}
		switch {
		case key.Value == "default":
			out.Default = p
		case core.IsVerb(key.Value):
			out.Verbs[key.Value] = p
		default:
			for i, name := range dangerNames {
				if name == key.Value {
					out.Danger[i] = p
					return
				}
			}
			d.unknown(key, at, policyKeys())
		}
	})
	*v = out
}

// decodeNode reads a policy's name.
func (p *Policy) decodeNode(d *decoder, n *yaml.Node, at string) {
	for i, name := range policyNames {
		if n.Kind == yaml.ScalarNode && n.Value == name {
			*p = Policy(i)
			return
		}
	}
	fix := "there are free, confirm, name, deny"
	if near := core.Nearest(n.Value, policyNames[:], 1); n.Kind == yaml.ScalarNode && len(near) > 0 {
		fix = "did you mean " + near[0] + "?"
	}
	d.fail(n, fix, "%s cannot be %s", at, describe(n))
}

// MarshalYAML writes the short form when there is only a default.
func (v Policies) MarshalYAML() (any, error) {
	if len(v.Verbs) == 0 && len(v.Danger) == 0 {
		return v.Default.String(), nil
	}
	out := map[string]string{"default": v.Default.String()}
	for verb, p := range v.Verbs {
		out[verb] = p.String()
	}
	for i, p := range v.Danger {
		out[dangerNames[i]] = p.String()
	}
	return out, nil
}

// Environment is where an object belongs and how carefully it is changed.
type Environment struct {
	Name     string // "" when nothing says; raw text
	Color    string // of the badge; "" none
	ReadOnly bool
	MaxBulk  int // 0: no bound
	policy   Policies
	NoGlass  bool // break-glass lifts nothing there
}

// Policy is how a change must be confirmed. The verb's own policy counts
// before that of its danger (core.Plan.Danger), that before the default. What
// loses data is never free unless the file says so of the verb or the danger.
// What only opens something (core.Opens) is free where a change would need a y,
// unless the file names the verb.
func (e Environment) Policy(verb string, danger int) Policy {
	if p, ok := e.policy.Verbs[verb]; ok {
		return p
	}
	p, ok := e.policy.Danger[danger]
	switch {
	case !ok && danger >= 2:
		p = e.policy.Default.Stricter(Confirm)
	case !ok:
		p = e.policy.Default
	}
	if core.Opens(verb) && danger == 0 && p == Confirm {
		return Free
	}
	return p
}

// The bulk bounds without a rule.
const (
	bulkProduction = 5
	bulkElsewhere  = 25
)

// Environment finds where an object belongs: the first rule of the file that
// matches, else what its names look like.
func (c *Config) Environment(ref core.Ref) Environment {
	guess := c.guess(ref)
	for i := range c.Environments {
		r := &c.Environments[i]
		if !r.Match.matches(ref) {
			continue
		}
		e := Environment{
			Name: r.Name, Color: r.Color, ReadOnly: r.ReadOnly || c.ReadOnly, MaxBulk: r.MaxBulk,
			NoGlass: r.Glass != nil && !*r.Glass, policy: r.Policy,
		}
		if r.Policy.IsZero() {
			e.policy = guess.policy
		}
		return e
	}
	return guess
}

// guess is the environment without a rule.
func (c *Config) guess(ref core.Ref) Environment {
	switch {
	case isLocal(ref):
		return Environment{Name: "local", Color: "green", ReadOnly: c.ReadOnly, MaxBulk: bulkElsewhere}
	case looksLikeProduction(ref):
		return Environment{Name: "prod", Color: "red", ReadOnly: c.ReadOnly, MaxBulk: bulkProduction, policy: Policies{Default: Name}}
	}
	return Environment{ReadOnly: c.ReadOnly, MaxBulk: bulkElsewhere}
}

func (m *Match) matches(ref core.Ref) bool {
	cluster := hasClusters(ref.Source)
	switch {
	case len(m.Source) > 0 && !anyGlob(m.Source, ref.Source),
		len(m.Context) > 0 && !(cluster && anyGlob(m.Context, ref.Scope)),
		len(m.Host) > 0 && !(!cluster && anyGlob(m.Host, ref.Scope)),
		len(m.Namespace) > 0 && !anyGlob(m.Namespace, namespaceOf(ref)),
		len(m.Environment) > 0 && !(ref.Kind == "environment" && anyGlob(m.Environment, ref.Name)),
		len(m.Repo) > 0 && !(!cluster && anyGlob(m.Repo, ref.Namespace)):
		return false
	}
	return true
}

// hasClusters reports whether a source's scopes are cluster contexts.
func hasClusters(source string) bool { return source == "kube" || source == "demo" }

// namespaceOf is the namespace of an object; of a namespace, itself.
func namespaceOf(ref core.Ref) string {
	if ref.Kind == "namespace" {
		return ref.Name
	}
	return ref.Namespace
}

func anyGlob(globs []string, s string) bool {
	for _, g := range globs {
		if core.MatchGlob(g, s, false) {
			return true
		}
	}
	return false
}

// isLocal reports whether an object lives on this machine, as far as its
// scope's name tells.
func isLocal(ref core.Ref) bool {
	s := strings.ToLower(ref.Scope)
	switch s {
	case "minikube", "docker-desktop", "docker-for-desktop", "rancher-desktop", "orbstack", "colima", "microk8s", "desktop-linux", "localhost", "local":
		return true
	}
	for _, prefix := range []string{"kind-", "k3d-", "colima-", "minikube-", "microk8s-"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	if hasClusters(ref.Source) {
		return false
	}
	switch s { // what the container sources call their sockets
	case "default", "rootless", "desktop", "podman", "podman-root", "::1":
		return true
	}
	for _, prefix := range []string{"127.", "unix:", "npipe:", "tcp://localhost", "tcp://127.", "tcp://[::1]"} {
		if strings.HasPrefix(s, prefix) {
			return true
		}
	}
	return false
}

// looksLikeProduction reports whether a name of where the object lives has a
// word for production in it.
func looksLikeProduction(ref core.Ref) bool {
	return productionWord(ref.Scope) || productionWord(namespaceOf(ref)) || ref.Kind == "environment" && productionWord(ref.Name)
}

// productionWord looks for prod, production, prd or live as a word of its own;
// a word before it can deny it: non-prod, pre-prod.
func productionWord(name string) bool {
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	for i, w := range words {
		switch strings.TrimRight(w, "0123456789") {
		case "prod", "production", "prd", "live":
			if i > 0 {
				switch words[i-1] {
				case "non", "not", "no", "pre", "post", "like":
					continue
				}
			}
			return true
		}
	}
	return false
}
