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

func (e *Engine) policy(ref core.Ref, verb string, danger int) Policy {
	if e.o.Config == nil {
		return Policy{Level: Confirm}
	}
	return e.o.Config.Policy(ref, verb, danger)
}

// stronger returns the one that asks for more, with the smaller limit of both.
func stronger(a, b Policy) Policy {
	bulk := a.MaxBulk
	if bulk == 0 || b.MaxBulk != 0 && b.MaxBulk < bulk {
		bulk = b.MaxBulk
	}
	if b.Level > a.Level {
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

// denied is the refusal of a policy.
func denied(v Verb, p Policy) *core.Problem {
	s := text.Sprintf("policy denies %s", v.Title)
	if !p.Environment.Empty() {
		s = text.Sprintf("policy denies %s in %s", v.Title, p.Environment)
	}
	return &core.Problem{
		Kind: core.Refused, Summary: because(s, p.Why),
		Hint: text.Lit("environments in the configuration decide; see config show"),
	}
}

func because(s, why text.Safe) text.Safe {
	if why.Empty() {
		return s
	}
	return text.Sprintf("%s: %s", s, why)
}
