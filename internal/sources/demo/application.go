package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// application is an Argo CD application: it makes of a rollout what Git says.
type application struct {
	place   *place
	name    string
	uid     string
	created time.Time
	changed time.Time
	asked   int       // counts what was asked for: the row's Rev
	git     []*commit // of the repository, oldest first; the last one is the target
	auto    bool
	past    []*synced // oldest first
	syncing *synced   // the sync in progress, nil if none
	drift   bool      // somebody changed the cluster by hand
}

// synced is one entry of an application's history.
type synced struct {
	id    int
	rev   *commit
	image string
	by    string
	begun time.Time
	ended time.Time
}

// The pace of the repository of manifests.
const (
	manifestsEvery = 13 * time.Minute
	syncTakes      = 9 * time.Second
)

var manifestWords = []string{"checkout 4.%d", "checkout: more memory for 4.%d", "checkout 4.%d with new totals", "checkout: raise replicas, 4.%d"}

func (a *application) ref() core.Ref { return a.place.refOf("application", "argocd", a.name, a.uid) }
func (a *application) rev() string   { return fmt.Sprint(a.asked) }

// target is what Git says.
func (a *application) target() *commit { return a.git[len(a.git)-1] }

// live is what was synced last.
func (a *application) live() *synced { return a.past[len(a.past)-1] }

// inSync reports whether the cluster is as Git says.
func (a *application) inSync() bool { return a.live().rev == a.target() && !a.drift }

// imageAt is the image that the manifests name at a commit.
func (a *application) imageAt(c *commit) string {
	return "registry.acme.example/" + a.name + ":" + a.place.w.fixed(c.sha, 7)
}

func (p *place) application(name string) *application {
	a, _ := p.find(p.refOf("application", "argocd", name, "")).(*application)
	return a
}

// rollout is what the application manages.
func (a *application) rollout() *canary {
	c, _ := a.place.find(a.place.refOf("rollout", "shop", a.name, "")).(*canary)
	return c
}

// furnishArgo puts up an application with its rollout, and lets its repository
// grow. It takes nothing of the story's chance.
func (w *world) furnishArgo(p *place) {
	const name = "checkout"
	born := w.now.Add(-50 * 24 * time.Hour)
	a := &application{place: p, name: name, uid: w.fixedUID(p.scope + " application " + name), created: born, changed: w.now, auto: true, asked: 1}
	for n := range 3 {
		a.grow(n)
	}
	c := &canary{place: p, name: name, namespace: "shop", uid: w.fixedUID(p.scope + " rollout " + name), replicas: 5, created: born, changed: w.now, asked: 1, step: len(canarySteps)}
	for n, g := range a.git {
		at := w.now.Add(time.Duration(n-len(a.git)) * 26 * time.Hour)
		a.past = append(a.past, &synced{id: 40 + n, rev: g, image: a.imageAt(g), by: "automated sync", begun: at, ended: at.Add(syncTakes)})
		c.sides = append(c.sides, c.edit(g, a.imageAt(g), 17+n, at))
	}
	c.stable = c.want()
	p.put(a)
	p.put(c)
	n := len(a.git)
	w.every(manifestsEvery, func() {
		a.grow(n)
		n++
		a.touched()
		if a.auto && a.syncing == nil {
			a.sync(a.target(), "automated sync")
		}
	})
}

// edit is a revision of the rollout.
func (c *canary) edit(g *commit, image string, revision int, made time.Time) *edition {
	return &edition{revision: revision, change: *g, image: image, hash: c.place.w.fixed(image, 9), made: made}
}

// grow adds a commit to the repository of manifests.
func (a *application) grow(n int) {
	w := a.place.w
	a.git = append(a.git, &commit{
		sha: w.fixed(fmt.Sprint("manifests ", a.name, n), 40), message: fmt.Sprintf(manifestWords[n%len(manifestWords)], n), author: people[n%len(people)], branch: "main",
	})
	a.git = a.git[max(len(a.git)-12, 0):]
}

func (a *application) touched() {
	a.changed = a.place.w.now
	a.place.touch(a)
}

// sync makes the cluster what a commit says.
func (a *application) sync(to *commit, by string) {
	w := a.place.w
	s := &synced{id: a.live().id + 1, rev: to, image: a.imageAt(to), by: by, begun: w.now}
	a.syncing = s
	a.asked++
	a.touched()
	a.place.murmur(a.ref(), "OperationStarted", "argocd-application-controller", fmt.Sprintf("%s initiated sync to %s", by, to.short()))
	w.after(syncTakes, func() {
		if a.syncing != s {
			return
		}
		a.syncing, a.drift = nil, false
		s.ended = w.now
		a.past = append(a.past, s)
		a.past = a.past[max(len(a.past)-10, 0):]
		if c := a.rollout(); c != nil && c.want().image != s.image {
			c.bring(c.edit(to, s.image, 0, w.now))
		}
		a.asked++
		a.touched()
		a.place.murmur(a.ref(), "OperationCompleted", "argocd-application-controller", "Sync operation to "+to.short()+" succeeded")
	})
}

func (a *application) syncWord() string {
	if a.inSync() {
		return "Synced"
	}
	return "OutOfSync"
}

func (a *application) healthWord() string {
	c := a.rollout()
	switch {
	case c == nil:
		return "Missing"
	case c.aborted:
		return "Degraded"
	case c.paused():
		return "Suspended"
	case !c.settled():
		return "Progressing"
	}
	return "Healthy"
}

func (a *application) state() (core.Phase, string, string) {
	health := a.healthWord()
	switch {
	case a.syncing != nil:
		return core.Pending, "Syncing", "to " + a.syncing.rev.short()
	case health == "Degraded", health == "Missing":
		return core.Failed, health, "rollout " + a.name + " is " + strings.ToLower(health)
	case health != "Healthy":
		return core.Pending, health, "rollout " + a.name + " is on its way"
	case !a.inSync():
		return core.Degraded, "OutOfSync", "rollout " + a.name + " differs from " + a.target().short()
	}
	return core.Running, "Synced", ""
}

func (a *application) row() *core.Resource {
	phase, reason, message := a.state()
	last, done := a.live(), 3
	if a.syncing != nil {
		last, done = a.syncing, 1
	} else if !a.inSync() {
		done = 2
	}
	auto := map[bool]string{true: "on, self-heal", false: "off"}[a.auto]
	return &core.Resource{
		Ref: a.ref(), Phase: phase, Reason: text.Clean(reason), Message: text.CleanLong(message),
		Cells: []core.Cell{
			word(a.name), word("argocd"), word("default"), word("main"), word(last.rev.short()),
			{Text: text.Clean(a.syncWord()), Num: float64(3000 + done)},
			word(reason),
			word(a.syncWord()), word(a.healthWord()), word(auto), word(last.rev.message), word(last.by), took(last.begun, last.ended, a.place.w.now),
			word("in-cluster/shop"), word(last.image), age(last.begun),
		},
		Started: nanos(last.begun), Changed: nanos(a.changed), Rev: a.rev(),
		Facts: &core.Facts{
			Image: []string{last.image}, Commit: last.rev.sha, Repo: forge + "/acme/manifests", Environment: a.place.scope, Service: a.name, Actor: last.by,
			URL: "https://argocd.acme.example/applications/argocd/" + a.name,
		},
	}
}

func (a *application) outline() core.Outline {
	out := core.Outline{Done: a.syncing == nil && a.healthWord() == "Healthy" && a.inSync()}
	if c := a.rollout(); c != nil {
		phase, reason, message := c.state()
		if !a.inSync() {
			reason = "OutOfSync"
		}
		out.Nodes = append(out.Nodes, core.Node{
			Ref: c.ref(), Title: text.Sprintf("Rollout shop/%s", c.name), Phase: phase, Reason: text.Clean(reason), Message: text.CleanLong(message), Info: text.Clean(c.want().image), Row: c.row(),
		})
	}
	for _, kind := range []string{"Service", "ConfigMap"} {
		out.Nodes = append(out.Nodes, core.Node{Title: text.Sprintf("%s shop/%s", kind, a.name), Phase: core.Running, Reason: text.Lit("Synced")})
	}
	return out
}

func (a *application) explain() core.Explanation {
	x := core.Explanation{Summary: text.Sprintf("%s and %s", a.syncWord(), a.healthWord()), Note: text.Lit("it is as Git says, and healthy")}
	c := a.rollout()
	if c == nil {
		x.Note = text.Lit("its rollout was deleted")
		return x
	}
	if c.aborted || !a.inSync() {
		x.Note = text.Safe{}
	}
	if c.aborted {
		x.Summary, x.At = text.Sprintf("rollout shop/%s: revision %d was aborted", c.name, c.want().revision), c.ref()
	}
	from := slices.Index(a.git, a.live().rev)
	for i := len(a.git) - 1; i > from && from >= 0; i-- {
		x.Commits = append(x.Commits, core.Commit{SHA: a.git[i].sha, Title: text.Clean(a.git[i].message), Author: text.Clean(a.git[i].author)})
	}
	return x
}

func (a *application) history(b *strings.Builder) {
	for i := len(a.past) - 1; i >= 0; i-- {
		s := a.past[i]
		fmt.Fprintf(b, "%s  %d  %s %s (%s)  by %s\n    %s\n", stamp(s.ended), s.id, s.rev.short(), s.rev.message, s.rev.author, s.by, s.image)
	}
}

func (y *sketch) application(a *application) {
	y.head("argoproj.io/v1alpha1", "Application", a.ref(), a.rev(), a.created)
	y.line(0, "spec", nil)
	y.raw(1, "source: {repoURL: https://"+forge+"/acme/manifests.git, path: checkout, targetRevision: main}")
	y.raw(1, "destination: {server: https://kubernetes.default.svc, namespace: shop}")
	if a.auto {
		y.raw(1, "syncPolicy: {automated: {selfHeal: true}}")
	}
	y.line(0, "status", nil)
	y.raw(1, "sync: {status: "+a.syncWord()+", revision: "+a.live().rev.sha+"}")
	y.raw(1, "health: {status: "+a.healthWord()+"}")
}
