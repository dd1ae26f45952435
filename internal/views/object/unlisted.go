package object

import (
	"devops-tui/internal/core"
	"devops-tui/internal/views/pane"
)

// Row is an object that no list has, as far as the page knows it.
func (o *Overview) Row(ref core.Ref) *core.Resource {
	if o.story == nil {
		return nil
	}
	if r := o.story.rowOf(ref); r != nil {
		return r
	}
	if ref == o.ref {
		return o.row
	}
	return nil
}

// Gone reports whether the object is known not to be there any more.
func (o *Overview) Gone() bool { return o.gone || o.look != nil && o.look.gone }

// fromSystem takes the row of an object that no list has.
func (o *Overview) fromSystem(e *pane.Env, m rowMsg) {
	if o.look == nil || !o.unlisted {
		return
	}
	r := o.look.answer(m)
	o.gone = o.look.gone && o.row != nil
	if r == nil {
		return
	}
	o.row = r
	o.story.refresh(r)
	if o.ref.Kind == "job" {
		if run := r.Owner; !run.IsZero() {
			o.story.adopt(run)
		} else {
			o.story.adopt(runOf(e.Snap, o.ref))
		}
	}
}

// Changed says that somebody has changed the object from here: what no list has
// is asked for anew.
func (o *Overview) Changed() {
	if o.story == nil {
		return
	}
	o.story.due = true
	if o.look != nil && o.unlisted {
		o.look.due = true
	}
}

// fromOutline keeps the row of an object that no list has as its outline tells it.
func (o *Overview) fromOutline() {
	if o.story.of == o.ref {
		return
	}
	if r := o.story.rowOf(o.ref); r != nil && r != o.row {
		o.row = r
		o.story.row, o.story.dirty = r, true
	}
}
