// Package actions is the one path of every change: Verbs says what could be
// done, Plan previews it, Proposal.Confirm asks for the strength that the
// environment's policy demands, Execute writes the intent to the journal,
// sends the change exactly once and follows it until its outcome is known, and
// Undo plans the inverse.
//
// A verb is one folder below this one plus one line in package all.
package actions

import (
	"context"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/text"
)

// Verb is one kind of change. It holds no state: what is specific to a system
// is behind the capability that the verb asserts on the source.
type Verb struct {
	ID     string    // "restart": on the command line, in the journal, in core.Kind.Verbs
	Key    string    // "R"; "" if it has none
	Title  text.Safe // "restart": the infinitive, as in "cannot restart an image"
	Danger int       // as core.Plan.Danger: 0 harmless, 1 interrupts, 2 loses data or state
	Params []Param   // the only parameters that Plan takes
	// Group is the verb whose key opens this one too: "scale" for stop and start.
	// Empty: its own.
	Group string
	// Hidden verbs are in no menu and on no command line; only undo plans them.
	Hidden bool
	// Form tells what can be chosen for one object before it is planned; it may
	// ask the system. nil: the verb takes no parameters.
	Form func(ctx context.Context, src sources.Source, ref core.Ref) (core.Form, error)
	// Disabled tells cheaply (no request) why the verb cannot be done to r now;
	// the empty text means that it can be planned.
	Disabled func(src sources.Source, r *core.Resource) text.Safe
	// Plan reads and dry-runs; it changes nothing. Its errors are *core.Problem
	// or become one through src.Problem.
	Plan func(ctx context.Context, src sources.Source, ref core.Ref, params Params) (*core.Operation, error)
}

// Offer is a verb for one object, with the reason when it cannot be used now.
type Offer struct {
	Verb     Verb
	Disabled text.Safe // why not; empty: it can be planned
	// Exists is false when the kind does not have the verb at all: a menu may
	// leave it out, a key still says why.
	Exists bool
	Policy Policy // of the object's environment for this verb
}

// Verbs tells what can be done to r, in the order of the registration. It
// sends no request and may be called on every move of the cursor.
func (e *Engine) Verbs(r *core.Resource) []Offer {
	if r == nil {
		return nil
	}
	src := e.o.Resolver.Source(r.Ref.Instance())
	out := make([]Offer, 0, len(e.o.Verbs))
	for _, v := range e.o.Verbs {
		if !v.Hidden {
			out = append(out, e.offer(v, src, r))
		}
	}
	return out
}

// Verb finds a registered verb by its id; hidden ones are not found.
func (e *Engine) Verb(id string) (Verb, bool) {
	v, ok := e.verb(id)
	return v, ok && !v.Hidden
}

func (e *Engine) verb(id string) (Verb, bool) {
	for _, v := range e.o.Verbs {
		if v.ID == id {
			return v, true
		}
	}
	return Verb{}, false
}

// Group is the verbs that one key opens: id itself and those that name it as
// their group, in the order of the registration.
func (e *Engine) Group(id string) []Verb {
	var out []Verb
	for _, v := range e.o.Verbs {
		if !v.Hidden && (v.ID == id || v.Group == id) {
			out = append(out, v)
		}
	}
	return out
}

func (e *Engine) offer(v Verb, src sources.Source, r *core.Resource) Offer {
	o := Offer{Verb: v, Exists: true, Policy: e.policy(r.Ref, v.ID, v.Danger)}
	switch {
	case src == nil:
		o.Disabled = text.Sprintf("%s is not connected", r.Ref.Instance())
	case !kindHas(src, r.Ref.Kind, v.ID):
		o.Exists = false
		o.Disabled = text.Sprintf("%s cannot %s %s %s", r.Ref.Source, v.Title, article(r.Ref.Kind), r.Ref.Kind)
	default:
		if o.Disabled = v.Disabled(src, r); o.Disabled.Empty() {
			if p := e.forbidden(v, r.Ref, o.Policy); p != nil {
				o.Disabled = p.Summary
			} else if o.Policy.Level == Deny {
				o.Disabled = denied(v, o.Policy).Summary
			}
		}
	}
	return o
}

// kindHas reports whether the kind has the verb. Of a kind that was found at
// run time the source's Disabled has the word.
func kindHas(src sources.Source, kind, verb string) bool {
	for _, k := range src.Info().Kinds {
		if k.Name != kind {
			continue
		}
		for _, v := range k.Verbs {
			if v == verb {
				return true
			}
		}
		return false
	}
	return true
}

func article(noun string) text.Safe {
	if noun != "" {
		switch noun[0] {
		case 'a', 'e', 'i', 'o':
			return text.Lit("an")
		}
	}
	return text.Lit("a")
}
