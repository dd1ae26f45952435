package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/diff"
	"devops-tui/internal/text"
)

const fieldManager = "devops-tui"

// The content types of patches.
const (
	strategicPatch = "application/strategic-merge-patch+json" // built-in kinds
	mergePatch     = "application/merge-patch+json"           // any kind
	applyPatch     = "application/apply-patch+yaml"           // server-side apply
)

// change is one planned request that changes one object: its preview, how it is
// sent once, and how it is followed. What differs between the verbs are the
// fields.
type change struct {
	s      *Source
	k      *kind
	ref    core.Ref // with the UID that was seen
	doing  string   // "restart": in "cannot restart deployment web"
	before tree     // the object as it was seen; not written
	rev    string   // its resourceVersion, renewed before sending

	method      string   // "" is PATCH
	sub         []string // subresource: {"scale"}
	contentType string   // "" is strategicPatch
	query       url.Values
	// body makes what is sent for a revision. It carries UID and
	// resourceVersion, so that the server itself refuses it when the object was
	// replaced or changed since it was seen.
	body func(rev string) []byte
	// shown is what the diff starts from; nil: before. It differs for
	// subresources, whose answer is another object.
	shown tree
	// arrived reports whether an object shows the change: after an unknown
	// outcome it tells whether the request came through.
	arrived func(o tree) bool
	// read reads the object back; nil: as it is fetched.
	read func(ctx context.Context) (tree, error)
	// settled judges a read-back: how far it is, and a message, which is empty when
	// nothing is left to wait for; an error ends it as failed. nil: at once.
	settled func(o tree, gen int) (done, total int, msg text.Safe, err error)
	done    text.Safe // what is said at the end
	// fits tells whether the change is still the planned one for an object as it
	// is now; nil: its spec must be as it was seen.
	fits func(now tree) error
	// strict: what the server calls invalid in a dry run is no blind plan but none.
	strict bool

	after tree     // the server's answer to the dry run
	said  []string // its warnings: deprecated versions, unknown fields
	gen   int      // the generation that the change made; 0: not known
	stuck string   // when the rollout before it was given up; "": it was not
}

// newChange is a change of an object that was just fetched.
func (s *Source) newChange(k *kind, o tree, doing string) *change {
	return &change{
		s: s, k: k, before: o, doing: doing, rev: o.str("metadata", "resourceVersion"),
		ref: s.ref(k.Name, o.str("metadata", "namespace"), o.str("metadata", "name"), o.str("metadata", "uid")),
	}
}

// merged is the body of a merge patch: the fields, with the preconditions.
func (c *change) merged(fields map[string]any) func(rev string) []byte {
	return func(rev string) []byte {
		out := maps.Clone(fields)
		meta := map[string]any{}
		if m, ok := fields["metadata"].(map[string]any); ok {
			meta = maps.Clone(m)
		}
		meta["uid"], meta["resourceVersion"] = c.ref.UID, rev
		out["metadata"] = meta
		b, _ := json.Marshal(out) // plain values always can be
		return b
	}
}

func (c *change) send(ctx context.Context, dry bool) (tree, error) {
	q := url.Values{"fieldManager": {fieldManager}}
	maps.Copy(q, c.query)
	if dry {
		q.Set("dryRun", "All")
	}
	r := request{method: c.method, path: c.k.object(c.ref, c.sub...), query: q, contentType: c.contentType, body: c.body(c.rev)}
	if r.method == "" {
		r.method = http.MethodPatch
	}
	if r.contentType == "" {
		r.contentType = strategicPatch
	}
	b, head, err := c.s.client.doHeader(ctx, r, nil)
	if err != nil {
		return nil, err
	}
	c.said = warnings(head)
	return parseTree(b)
}

// preview dry-runs the change and puts the difference into p. It fails when
// the object is gone or was replaced; what else the server says against a dry run is
// told in the plan, which is blind then.
func (c *change) preview(ctx context.Context, p *core.Plan) error {
	p.Target, p.Rev = c.ref, c.rev
	after, err := c.send(ctx, true)
	for range 3 { // the status changes all the time and takes the revision along
		if !isStatus(err, http.StatusConflict) {
			break
		}
		_, now, ferr := c.s.fetch(ctx, c.ref)
		if ferr != nil {
			return ferr
		}
		c.before, c.rev = now, now.str("metadata", "resourceVersion")
		p.Rev = c.rev
		after, err = c.send(ctx, true)
	}
	switch {
	case err == nil:
		from := c.shown
		if from == nil {
			from = c.before
		}
		p.Diff = diffTrees(from, after)
		c.after = after
		for _, w := range c.said {
			p.Warnings = append(p.Warnings, text.CleanLong(w))
		}
	case c.strict && invalid(err):
		return c.s.problem(c.cannot(), err)
	case isStatus(err, http.StatusNotFound, http.StatusConflict):
		return c.s.problem(c.cannot(), err)
	default:
		p.Blind = true
		p.Preview = c.s.problem(text.Safe{}, err).Summary
	}
	return nil
}

func (c *change) cannot() text.Safe {
	return text.Sprintf("cannot %s %s %s", c.doing, c.k.Name, c.ref.Name)
}

// operation binds the plan to the change.
func (c *change) operation(p core.Plan) *core.Operation {
	if c.k.Name == kindApplication {
		p.Also = append(p.Also, c.s.fills(c.before, c.after)...)
	}
	return &core.Operation{Plan: p, Execute: c.execute, Verify: c.verify}
}

// execute re-checks the object and sends the change once. Where the server
// refuses it because the status moved in between, nothing was done: it is
// checked and sent for the new revision.
func (c *change) execute(ctx context.Context, _ core.Output) error {
	for tries := 1; ; tries++ {
		now, err := c.recheck(ctx)
		if err != nil {
			return err
		}
		c.rev = now.str("metadata", "resourceVersion")
		_, c.stuck = deadline(now)
		after, err := c.send(ctx, false)
		switch {
		case isStatus(err, http.StatusConflict) && tries < maxTries:
			continue
		case err != nil:
			return c.s.outcome(c.cannot(), err)
		case len(c.sub) == 0:
			c.gen = max(after.num("metadata", "generation"), 1)
		default:
			c.gen = now.num("metadata", "generation") // at least; the object is read back
		}
		return nil
	}
}

// maxTries bounds how often a moving status may get in between.
const maxTries = 5

// recheck reads the object and refuses one for which the plan does not hold.
func (c *change) recheck(ctx context.Context) (tree, error) {
	_, now, err := c.s.fetch(ctx, c.ref)
	if err != nil {
		return nil, err
	}
	// The status changes all the time and takes the revision along; what was
	// planned against is the spec.
	if c.fits != nil {
		return now, c.fits(now)
	}
	changed := changedSince(c.before, now)
	if c.k.bare { // its generation counts every change of its status
		changed = !sameDefinition(c.before, now)
	}
	if changed {
		return nil, &core.Problem{Kind: core.Conflict, Summary: text.Sprintf("%s %s was changed since the plan was made", c.k.Name, c.ref.Name), Hint: text.Lit("look at the plan again")}
	}
	return now, nil
}

func changedSince(before, now tree) bool {
	if g := before.str("metadata", "generation"); g != "" {
		return g != now.str("metadata", "generation")
	}
	if before.str("metadata", "resourceVersion") == now.str("metadata", "resourceVersion") {
		return false
	}
	// Nodes, namespaces and others have a status but no generation.
	return !sameDefinition(before, now)
}

// sameDefinition compares two states of an object without its status and
// without what the server counts.
func sameDefinition(a, b tree) bool {
	return reflect.DeepEqual(copied(definition(a)), copied(definition(b)))
}

// invalid reports an answer that the request is wrong in itself. Webhooks that
// know no dry run answer 400 too.
func invalid(err error) bool {
	return isStatus(err, http.StatusUnprocessableEntity) || isStatus(err, http.StatusBadRequest) && !strings.Contains(err.Error(), "dry run")
}

// warnings reads the texts of an answer's warning headers:
// 299 - "unknown field \"spec.x\"" (RFC 7234 §5.5).
func warnings(h http.Header) []string {
	var out []string
	for _, w := range h.Values("Warning") {
		if _, rest, ok := strings.Cut(w, `"`); ok {
			w = strings.ReplaceAll(strings.TrimSuffix(rest, `"`), `\"`, `"`)
		}
		out = append(out, w)
	}
	return out
}

// outcome tells apart: refused by the server or never sent, and not known.
func (s *Source) outcome(cannot text.Safe, err error) error {
	var status *statusError
	var plug *pluginError
	switch {
	case errors.Is(err, core.ErrReadOnly):
		return err
	case errors.As(err, &status) && status.Code < 500, errors.As(err, &plug), errors.Is(err, errBadName), neverSent(err):
		return s.problem(cannot, err)
	case strings.Contains(err.Error(), "not part of a confirmed action"):
		return err
	}
	return fmt.Errorf("%s: %w (%w)", cannot, core.ErrOutcomeUnknown, err)
}

// diffTrees compares two states of an object as YAML, without secrets, status
// and what the server counts.
func diffTrees(before, after tree) []text.Line {
	return diff.Lines(readable(before), readable(after), 3)
}

// readable is the object's YAML as a diff shows it; nil has no lines.
func readable(o tree) []string {
	if o == nil {
		return nil
	}
	b, _ := json.Marshal(o) // a copy: what was fetched is used again
	c, err := parseTree(b)
	if err != nil {
		return nil
	}
	redact(c)
	delete(c, "status")
	for _, k := range []string{"resourceVersion", "generation", "uid", "creationTimestamp"} {
		delete(c.sub("metadata"), k)
	}
	y, err := toYAML(c)
	if err != nil {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(y), "\n"), "\n")
}
