package actions

import (
	"fmt"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Level is how strong a confirmation must be.
type Level uint8

// The levels, weakest first.
const (
	Free    Level = iota // enter
	Confirm              // y
	Name                 // type the name
	Deny                 // not at all; says why
)

var levelNames = [...]string{"free", "confirm", "name", "deny"}

// String is the level's name in the configuration and the journal.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level(%d)", l)
}

// ParseLevel reads a level's name.
func ParseLevel(s string) (Level, error) {
	for i, n := range levelNames {
		if n == s {
			return Level(i), nil
		}
	}
	return Deny, fmt.Errorf("unknown policy level %q: free, confirm, name or deny", s)
}

// Policy is what the configuration says of one verb on one object.
type Policy struct {
	Level       Level
	Environment text.Safe // "prod"; empty when none matches
	Color       string    // the badge's theme token; empty: the default
	MaxBulk     int       // most objects in one plan; 0: no limit
	ReadOnly    bool      // the environment is read-only
	Why         text.Safe // for Deny and ReadOnly: the configuration's own reason, may be empty
	NoGlass     bool      // break-glass does not lift Deny there
	Glass       bool      // Level is Deny, lifted to Name by broken glass
}

// Policies is the configuration as the engine needs it. It must be quick, and
// safe for use by several goroutines.
type Policies interface {
	Policy(ref core.Ref, verb string, danger int) Policy
}

// PolicyFunc makes Policies of a function.
type PolicyFunc func(ref core.Ref, verb string, danger int) Policy

// Policy calls f.
func (f PolicyFunc) Policy(ref core.Ref, verb string, danger int) Policy { return f(ref, verb, danger) }

// Guard is what keeps the gate shut for read-only environments; New sets it.
func Guard(p Policies) func(core.Ref) error {
	return func(ref core.Ref) error {
		if x := p.Policy(ref, "", 0); x.ReadOnly {
			return fmt.Errorf("environment %s: %w", x.Environment, core.ErrReadOnly)
		}
		return nil
	}
}

func (e *Engine) policy(ref core.Ref, verb string, danger int) Policy {
	p := Policy{Level: Confirm}
	if e.o.Config != nil {
		p = e.o.Config.Policy(ref, verb, danger)
	} else if core.Opens(verb) && danger == 0 {
		p.Level = Free
	}
	if p.Level >= Deny && !p.NoGlass {
		if _, on := e.Glass(); on {
			p.Level, p.Glass = Name, true
		}
	}
	return p
}

// policyOf is the policy of a planned change: the strictest of the verb and of
// what the plan does (undo), and of the object asked for, the one that changes
// and the further places that the plan names.
func (e *Engine) policyOf(v Verb, from core.Ref, plan *core.Plan) Policy {
	danger := max(v.Danger, plan.Danger)
	p := e.policy(from, v.ID, danger)
	for _, ref := range distinct(append([]core.Ref{from, plan.Target}, plan.Also...)) {
		for _, verb := range []string{v.ID, plan.Verb} {
			if core.IsVerb(verb) {
				p = stronger(p, e.policy(ref, verb, danger))
			}
		}
	}
	return p
}

// stronger returns the one that asks for more (read-only the most), with the
// smaller limit of both.
func stronger(a, b Policy) Policy {
	bulk := a.MaxBulk
	if bulk == 0 || b.MaxBulk != 0 && b.MaxBulk < bulk {
		bulk = b.MaxBulk
	}
	if b.Level > a.Level && !a.ReadOnly || b.ReadOnly && !a.ReadOnly {
		a = b
	}
	a.MaxBulk = bulk
	return a
}

// forbidden is why nothing may be sent at all: read-only, everywhere or in the
// object's environment. nil: it may.
func (e *Engine) forbidden(v Verb, ref core.Ref, p Policy) *core.Problem {
	switch {
	case e.o.Gate.ReadOnly():
		return &core.Problem{
			Kind: core.Refused, Cause: core.ErrReadOnly,
			Summary: text.Sprintf("cannot %s %s: read-only mode", v.Title, text.Clean(ref.Path())),
			Hint:    text.Lit("start without --read-only to change things"),
		}
	case p.ReadOnly:
		return &core.Problem{
			Kind: core.Refused, Cause: core.ErrReadOnly,
			Summary: because(text.Sprintf("cannot %s %s: environment %s is read-only", v.Title, text.Clean(ref.Path()), p.Environment), p.Why),
			Hint:    text.Lit("environments in the configuration decide; see config show"),
		}
	}
	return nil
}

// refusal is forbidden, or what policy denies; nil: it may be confirmed.
func (e *Engine) refusal(v Verb, ref core.Ref, p Policy) *core.Problem {
	if no := e.forbidden(v, ref, p); no != nil {
		return no
	}
	if p.Level >= Deny {
		return denied(v, p)
	}
	return nil
}

// admitted is why refs cannot be changed at all: none, too many, or one where
// nothing may be.
func (e *Engine) admitted(v Verb, refs []core.Ref) *core.Problem {
	if len(refs) == 0 {
		return &core.Problem{Kind: core.Invalid, Summary: text.Sprintf("nothing to %s: no object is chosen", v.Title)}
	}
	bulk := 0
	for _, ref := range refs {
		p := e.policy(ref, v.ID, v.Danger)
		if no := e.forbidden(v, ref, p); no != nil {
			return no
		}
		if p.MaxBulk > 0 && (bulk == 0 || p.MaxBulk < bulk) {
			bulk = p.MaxBulk
		}
	}
	if bulk > 0 && len(refs) > bulk {
		return &core.Problem{
			Kind:    core.Refused,
			Summary: text.Sprintf("cannot %s %d objects at once: max_bulk is %d", v.Title, len(refs), bulk),
			Hint:    text.Lit("mark fewer, or raise max_bulk of the environment"),
		}
	}
	return nil
}

// denied is the refusal of a policy.
func denied(v Verb, p Policy) *core.Problem {
	s := text.Sprintf("policy denies %s", v.Title)
	if !p.Environment.Empty() {
		s = text.Sprintf("policy denies %s in %s", v.Title, p.Environment)
	}
	hint := text.Lit("environments in the configuration decide; see config show")
	if !p.NoGlass {
		hint = text.Lit("environments in the configuration decide; break-glass lifts it for 15 minutes, with a reason")
	}
	return &core.Problem{Kind: core.Refused, Summary: because(s, p.Why), Hint: hint}
}

func because(s, why text.Safe) text.Safe {
	if why.Empty() {
		return s
	}
	return text.Sprintf("%s: %s", s, why)
}
