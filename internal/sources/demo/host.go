package demo

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const hostVersion = "28.5 (demo)"

// host is the engine of the laptop itself.
type host struct{ place *place }

func (h *host) name() string { return "laptop" }

func (h *host) ref() core.Ref { return h.place.refOf("host", "", h.name(), "demo-engine") }

func (h *host) row() *core.Resource {
	size := 0.0
	for _, o := range h.place.list("image") { // in order: the sum of floats depends on it
		size += o.(*picture).size
	}
	return &core.Resource{
		Ref: h.ref(), Phase: core.Running, Reason: text.Lit("running"),
		Cells: []core.Cell{
			word(h.name()), word("running"), word(hostVersion), number(len(h.place.tables["container"])), number(len(h.place.tables["image"])), amount(size),
		},
		Started: nanos(h.place.w.begun), Rev: "1",
	}
}
