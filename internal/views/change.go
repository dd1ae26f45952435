package views

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"devops-tui/internal/actions"
	"devops-tui/internal/core"
	"devops-tui/internal/keys"
	"devops-tui/internal/text"
	"devops-tui/internal/views/dialog"
	"devops-tui/internal/views/pane"
	"devops-tui/themes"
)

// offers are what can be done to one object now.
type offers []actions.Offer

// offersFor is what the offers of the footer were asked for.
type offersFor struct {
	row             *core.Resource
	readOnly, glass bool
	at              time.Time
	offers          offers
}

// offersKept is how long the footer shows what it knows of a row that does not
// change: it is drawn with every frame. Keys and menus always ask.
const offersKept = time.Second

// offers asks the engine what can be done to a row.
func (m *Model) offers(r *core.Resource) offers {
	if m.o.Engine == nil {
		return nil
	}
	return m.o.Engine.Verbs(r)
}

// offersHinted is what the footer knows of a row.
func (m *Model) offersHinted(r *core.Resource) offers {
	_, glass := m.o.Engine.Glass()
	readOnly := m.o.ReadOnly != nil && m.o.ReadOnly()
	if k := &m.offered; k.row != r || k.readOnly != readOnly || k.glass != glass || m.env.Now.Sub(k.at) >= offersKept {
		m.offered = offersFor{r, readOnly, glass, m.env.Now, m.o.Engine.Verbs(r)}
	}
	return m.offered.offers
}

func (o offers) of(verb string) (actions.Offer, bool) {
	for _, x := range o {
		if x.Verb.ID == verb {
			return x, true
		}
	}
	return actions.Offer{}, false
}

// why says why no verb of a key's group can be done; empty: one can.
func (o offers) why(group []actions.Verb, verb string) text.Safe {
	if verb == core.VerbUndo {
		return text.Safe{}
	}
	why, exists := text.Sprintf("%s does not exist", verb), false
	for _, v := range group {
		x, ok := o.of(v.ID)
		switch {
		case !ok:
		case x.Disabled.Empty():
			return text.Safe{}
		case x.Exists && !exists, v.ID == verb && !exists:
			why, exists = x.Disabled, x.Exists
		}
	}
	return why
}

// exist reports whether the object's kind has one of the verbs.
func (o offers) exist(group []actions.Verb) bool {
	for _, v := range group {
		if x, ok := o.of(v.ID); ok && x.Exists {
			return true
		}
	}
	return false
}

// only is the title of the one verb of a group that the object's kind has;
// false: it has several.
func (o offers) only(group []actions.Verb) (title text.Safe, one bool) {
	for _, v := range group {
		if x, ok := o.of(v.ID); ok && x.Exists {
			if one {
				return text.Safe{}, false
			}
			title, one = v.Title, true
		}
	}
	return title, one
}

// possible is how one verb stands for several objects: it can be planned if it
// can for one of them; what policy denies can be looked at.
type possible struct {
	verb   actions.Verb
	why    text.Safe
	denied bool
	exists bool
}

func (p possible) can() bool { return p.why.Empty() || p.denied }

// stand asks how the verbs stand for the objects. An object that is on no list
// any more is for the plan to judge.
func (m *Model) stand(verbs []actions.Verb, refs []core.Ref) []possible {
	out := make([]possible, len(verbs))
	for i, v := range verbs {
		out[i] = possible{verb: v, why: text.Sprintf("%s does not exist", v.Title)}
	}
	for n, ref := range refs {
		r := m.row(ref)
		if r == nil {
			if len(refs) == 1 {
				for i := range out {
					out[i].why, out[i].exists = m.absent(ref), true
				}
			}
			continue
		}
		all := offers(m.o.Engine.Verbs(r))
		for i := range out {
			x, ok := all.of(out[i].verb.ID)
			if !ok || out[i].can() && out[i].exists {
				continue
			}
			if n == 0 || x.Exists && !out[i].exists || x.Disabled.Empty() {
				denied := x.Exists && x.Policy.Level == actions.Deny && !x.Policy.ReadOnly && !(m.o.ReadOnly != nil && m.o.ReadOnly())
				out[i].why, out[i].denied, out[i].exists = x.Disabled, denied && !x.Disabled.Empty(), x.Exists
			}
		}
	}
	return out
}

// change is a key of a change: the verbs that it stands for, as far as they
// are possible for the marks or the subject. None is: it says why.
func (m *Model) change(verb string) tea.Cmd {
	if m.o.Engine == nil {
		return m.notify(pane.Notify{Text: text.Lit("no actions here"), Bad: true})
	}
	if verb == core.VerbUndo {
		id := ""
		if u, ok := m.top().focused().(undoer); ok {
			var why text.Safe
			if id, why = u.UndoID(); !why.Empty() {
				return m.notify(pane.Notify{Text: why, Bad: true})
			}
		}
		return m.undo(id)
	}
	refs := m.targets()
	if l, ok := m.top().focused().(marker); ok && len(refs) == 0 && l.Marked() > 0 {
		return m.notify(pane.Notify{Text: text.Sprintf("%s: the filter hides all %d marked rows", verb, l.Marked()), Bad: true})
	}
	if len(refs) == 0 {
		return m.notify(pane.Notify{Text: text.Sprintf("%s: nothing is selected", verb), Bad: true})
	}
	group := m.o.Engine.Group(verb)
	all := m.stand(group, refs)
	if page := m.pageObject(); len(refs) == 1 && refs[0] != page && !page.IsZero() && !someExist(all) {
		// What its part does not know the object may: a run's gate is answered
		// from the line of the job that waits. The plan names its target.
		if of := m.stand(group, []core.Ref{page}); someExist(of) {
			refs, all = []core.Ref{page}, of
		}
	}
	var can []possible
	for _, p := range all {
		if p.can() {
			can = append(can, p)
		}
	}
	switch {
	case len(can) == 0:
		return m.notify(pane.Notify{Text: text.Sprintf("%s %s: %s", verb, objects(refs), reasonOf(all, verb)), Bad: true})
	case len(can) == 1:
		return m.plan(pane.Change{Verb: can[0].verb.ID, Refs: refs})
	}
	leader, _ := m.o.Engine.Verb(verb)
	m.open(dialog.NewMenu(text.Sprintf("%s · %s", text.Clean(leader.Key), objectsPath(refs)), m.verbItems(all, refs, false), false))
	return nil
}

// absent says why nothing is known of an object. What is not on a list that has
// all there is, is gone; what a system lists in part it may still tell of.
func (m *Model) absent(ref core.Ref) text.Safe {
	page, ok := m.top().slots[0].pane.(interface{ Gone() bool })
	if k := m.env.Snap.Kind(ref); k == nil || !k.Polled && !k.Unlisted || ok && ref == m.pageObject() && page.Gone() {
		return text.Lit("the object is gone")
	}
	return text.Sprintf("it is on no list, and its system has not told of it yet; %s asks again", m.env.KeyOf(keys.Refresh))
}

func someExist(all []possible) bool {
	return slices.ContainsFunc(all, func(p possible) bool { return p.exists })
}

// reasonOf is the reason that says most: of the verb itself where the kind has
// it, else of another one of the key that it has.
func reasonOf(all []possible, verb string) text.Safe {
	for _, p := range all {
		if p.exists && p.verb.ID == verb {
			return p.why
		}
	}
	for _, p := range all {
		if p.exists {
			return p.why
		}
	}
	if len(all) > 0 {
		return all[0].why
	}
	return text.Sprintf("%s does not exist", verb)
}

func objects(refs []core.Ref) text.Safe {
	if len(refs) == 1 {
		return text.Clean(refs[0].Name)
	}
	return text.Sprintf("%d objects", len(refs))
}

func objectsPath(refs []core.Ref) text.Safe {
	if len(refs) == 1 {
		return text.Clean(refs[0].Path())
	}
	return text.Sprintf("%d objects", len(refs))
}

// verbItems are the entries of a menu: what is possible, and greyed with its
// reason what the kind has but is not.
func (m *Model) verbItems(all []possible, refs []core.Ref, keys bool) []pane.Item {
	var items []pane.Item
	for _, p := range all {
		if !p.exists || p.verb.Hidden {
			continue
		}
		it := pane.Item{Title: p.verb.Title, Disabled: p.why}
		if keys {
			it.Key = text.Clean(p.verb.Key)
		}
		if p.denied {
			it.Disabled, it.Detail = text.Safe{}, text.Lit("denied: look at the plan")
		}
		verb := p.verb.ID
		it.Do = func(e *pane.Env) tea.Cmd {
			e.Send(pane.Change{Verb: verb, Refs: refs})
			return nil
		}
		items = append(items, it)
	}
	return items
}

// openActions is the menu of everything possible here, with reasons.
func (m *Model) openActions() {
	refs := m.targets()
	if len(refs) == 0 || m.o.Engine == nil {
		m.env.Send(pane.Notify{Text: text.Lit("nothing is selected")})
		return
	}
	r := m.row(refs[0])
	if r == nil {
		m.env.Send(pane.Notify{Text: m.absent(refs[0])})
		return
	}
	var verbs []actions.Verb
	for _, o := range m.o.Engine.Verbs(r) {
		verbs = append(verbs, o.Verb)
	}
	items := m.verbItems(m.stand(verbs, refs), refs, true)
	seen := map[string]bool{}
	for i := range items { // one key opens one entry; of a group the key opens its menu
		k := items[i].Key.String()
		if seen[k] {
			items[i].Key = text.Safe{}
		}
		seen[k] = true
	}
	if len(items) == 0 {
		m.env.Send(pane.Notify{Text: text.Sprintf("nothing can be done to %s", text.Clean(refs[0].Path()))})
		return
	}
	m.open(dialog.NewMenu(text.Sprintf("Actions · %s", objectsPath(refs)), items, false))
}

// opens is the key of a verb that opens a window onto one object.
func (m *Model) opens(verb string) tea.Cmd {
	if m.o.Engine == nil {
		return m.notify(pane.Notify{Text: text.Lit("no actions here"), Bad: true})
	}
	ref := m.objectOf()
	if ref.IsZero() {
		return m.notify(pane.Notify{Text: text.Sprintf("%s: nothing is selected", verb), Bad: true})
	}
	v, _ := m.o.Engine.Verb(verb)
	if all := m.stand([]actions.Verb{v}, []core.Ref{ref}); v.ID == "" || !all[0].can() {
		why := text.Sprintf("%s does not exist", verb)
		if v.ID != "" {
			why = all[0].why
		}
		return m.notify(pane.Notify{Text: text.Sprintf("%s %s: %s", verb, text.Clean(ref.Name), why), Bad: true})
	}
	return m.plan(pane.Change{Verb: verb, Refs: []core.Ref{ref}, Hurry: true})
}

// plan opens the dialog of a change.
func (m *Model) plan(c pane.Change) tea.Cmd {
	if m.o.Engine == nil {
		return m.notify(pane.Notify{Text: text.Lit("no actions here"), Bad: true})
	}
	o := dialog.PlanOptions{Engine: m.o.Engine, Verb: c.Verb, Refs: slices.Clone(c.Refs), Token: policyToken, Hurry: c.Hurry}
	switch c.Verb {
	case core.VerbEdit:
		return m.edit(c.Refs)
	case core.VerbShell:
		if m.o.Terminal == nil {
			return m.notify(pane.Notify{Text: text.Lit("shell: there is no terminal to lend"), Bad: true})
		}
		o.Launch = m.shell
	}
	return m.openPlan(o)
}

func (m *Model) openPlan(o dialog.PlanOptions) tea.Cmd {
	d, cmd := dialog.NewPlan(o)
	m.open(d)
	return cmd
}

// followTask shows how a change goes that runs in the background.
func (m *Model) followTask(id string) tea.Cmd {
	t, ok := m.o.Engine.Task(id)
	if !ok {
		return m.notify(pane.Notify{Text: text.Lit("that change is not listed any more"), Bad: true})
	}
	refs := make([]core.Ref, len(t.Targets))
	for i := range t.Targets {
		refs[i] = t.Targets[i].Ref
	}
	d, cmd := dialog.NewTask(dialog.PlanOptions{Engine: m.o.Engine, Verb: t.Verb.ID, Refs: refs, Title: t.Title, Token: policyToken}, id)
	m.open(d)
	return cmd
}

// undoer is a pane whose selected entry can be undone; why says why not.
type undoer interface {
	UndoID() (id string, why text.Safe)
}

// undo plans the inverse of a change; "" is the last one that has any.
func (m *Model) undo(id string) tea.Cmd {
	engine := m.o.Engine
	if engine == nil {
		return m.notify(pane.Notify{Text: text.Lit("no actions here"), Bad: true})
	}
	return m.openPlan(dialog.PlanOptions{
		Engine: engine, Verb: core.VerbUndo, Title: text.Lit("undo the last change"), Token: policyToken,
		Make: func(ctx context.Context) (*actions.Proposal, error) { return engine.Undo(ctx, id) },
	})
}

func policyToken(p actions.Policy) themes.Token { return BadgeToken(p.Color, p.Level) }

// BadgeToken is the look of an environment's badge: the colour that the
// configuration gives it, else that of how changes are confirmed there.
func BadgeToken(color string, l actions.Level) themes.Token {
	switch color {
	case "red":
		return themes.EnvName
	case "orange", "yellow":
		return themes.EnvConfirm
	case "green":
		return themes.EnvFree
	case "purple":
		return themes.EnvDeny
	case "blue", "cyan":
		return themes.Demo
	case "grey":
		return themes.SelectionBlur
	}
	switch l {
	case actions.Free:
		return themes.EnvFree
	case actions.Name:
		return themes.EnvName
	case actions.Deny:
		return themes.EnvDeny
	default:
		return themes.EnvConfirm
	}
}
