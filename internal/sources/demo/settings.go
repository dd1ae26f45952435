package demo

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/core"
)

// settings are a ConfigMap that the pods of a service read when they start:
// without it they do not.
type settings struct {
	place   *place
	service *service
	uid     string
	created time.Time
	changed time.Time
	edits   int // the row's Rev
	data    map[string]string
}

func (s *service) settingsName() string { return s.name + "-settings" }

func (c *settings) ref() core.Ref {
	return c.place.refOf("configmap", c.service.namespace, c.service.settingsName(), c.uid)
}

func (c *settings) rev() string { return strconv.Itoa(c.edits) }

// settings are those of a service, nil if somebody deleted them.
func (p *place) settings(s *service) *settings {
	c, _ := p.find(p.refOf("configmap", s.namespace, s.settingsName(), "")).(*settings)
	return c
}

// furnishSettings puts up what a deployment's pods read.
func (w *world) furnishSettings(d *deployment) {
	s := d.service
	d.place.put(&settings{
		place: d.place, service: s, uid: w.fixedUID(d.uid + " settings"), created: d.created, changed: d.created, edits: 1,
		data: map[string]string{
			"LISTEN": fmt.Sprintf(":%d", s.port), "LOG_LEVEL": "info", "UPSTREAM_TIMEOUT": "2s",
			"FEATURES": map[string]string{"api": "search,coupons", "web": "checkout-v2", "billing": "sepa"}[s.name],
		},
	})
}

func (c *settings) row() *core.Resource {
	size, keys := 0, slices.Sorted(maps.Keys(c.data))
	for k, v := range c.data {
		size += len(k) + len(v)
	}
	return &core.Resource{
		Ref: c.ref(), Phase: core.Running,
		Cells:   []core.Cell{word(c.service.settingsName()), number(len(c.data)), amount(float64(size)), word(strings.Join(keys, ", ")), age(c.created)},
		Started: nanos(c.created), Changed: nanos(c.changed), Rev: c.rev(),
		Facts: &core.Facts{Environment: c.place.scope, Service: c.service.name, Repo: c.service.home(), Labels: c.service.selector()},
	}
}

func (y *sketch) settings(c *settings) {
	y.head("v1", "ConfigMap", c.ref(), c.rev(), c.created)
	y.labels(1, "labels", c.service.selector())
	y.labels(0, "data", c.data)
}
