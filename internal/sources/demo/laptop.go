package demo

import (
	"fmt"
	"strconv"
	"time"

	"devops-tui/internal/core"
)

// project is a Compose project on the laptop.
type project struct {
	place      *place
	name, dir  string
	uid        string
	created    time.Time
	containers []*container
	missing    []*container // of its file, but deleted
	shaken     int          // counts what was changed about which containers there are
}

// container is one container of a project.
type container struct {
	project   *project
	service   string
	image     string
	digest    string
	commit    string
	uid       string
	flavour   string // which log lines and needs it has
	ports     string
	check     bool // has a health check
	created   time.Time
	changed   time.Time
	state     containerState
	healthy   bool
	restarts  int
	instances []instance
	step      int
	key       uint64
	cpu, mem  float64 // at rest
	limit     float64 // of memory; 0 none
	grows     bool
	ran       []string // the images that it ran before, newest first
}

type containerState uint8

const (
	exited containerState = iota
	restarting
	up
	frozen // paused
)

// picture is an image on the laptop.
type picture struct {
	place   *place
	name    string
	digest  string
	size    float64
	created time.Time
}

func (p *project) ref() core.Ref { return p.place.refOf("project", "", p.name, p.uid) }

func (c *container) name() string { return c.project.name + "-" + c.service + "-1" }

func (c *container) ref() core.Ref { return c.project.place.refOf("container", "", c.name(), c.uid) }

func (p *picture) ref() core.Ref { return p.place.refOf("image", "", p.name, p.digest) }

// rev changes with each turn of the container's life.
func (c *container) rev() string { return strconv.Itoa(c.step) }

func (c *container) last() *instance { return &c.instances[len(c.instances)-1] }

// furnishLaptop puts up two projects.
func (w *world) furnishLaptop() {
	p := w.places[Laptop]
	shop := w.project(p, "shop", "~/src/shop", 3*time.Hour)
	own := map[string]*build{}
	for _, s := range w.services {
		own[s.name] = w.makeBuild(s, "feat/search", sound)
	}
	for _, c := range []container{
		{service: "api", image: "shop-api:dev", commit: own["api"].commit.sha, flavour: "api", ports: "127.0.0.1:8080->8080/tcp", check: true, cpu: 90, mem: 84 * mebi, limit: 512 * mebi},
		{service: "web", image: "shop-web:dev", commit: own["web"].commit.sha, flavour: "web", ports: "127.0.0.1:3000->3000/tcp", check: true, cpu: 140, mem: 310 * mebi},
		{service: "billing", image: "shop-billing:dev", commit: own["billing"].commit.sha, flavour: "billing", ports: "127.0.0.1:8443->8443/tcp", cpu: 60, mem: 520 * mebi, limit: 1024 * mebi},
		{service: "worker", image: "shop-api:dev", commit: own["api"].commit.sha, flavour: "worker", cpu: 210, mem: 70 * mebi, limit: 256 * mebi, grows: true},
		{service: "postgres", image: "postgres:17.5", flavour: "postgres", ports: "127.0.0.1:5432->5432/tcp", check: true, cpu: 25, mem: 96 * mebi},
		{service: "redis", image: "redis:8.0-alpine", flavour: "redis", ports: "6379/tcp", check: true, cpu: 8, mem: 12 * mebi},
		{service: "seed", image: "shop-api:dev", commit: own["api"].commit.sha, flavour: "seed"},
	} {
		w.contain(shop, c, 3*time.Hour)
	}
	for _, c := range shop.containers {
		w.release(c)
	}
	tools := w.project(p, "tools", "~/src/tools", 50*time.Hour)
	for _, c := range []container{
		{service: "mail", image: "axllent/mailpit:v1.27", flavour: "redis", ports: "127.0.0.1:8025->8025/tcp", cpu: 4, mem: 21 * mebi},
		{service: "registry", image: "registry:3.0", flavour: "redis", ports: "127.0.0.1:5000->5000/tcp", cpu: 3, mem: 34 * mebi},
	} {
		w.contain(tools, c, 50*time.Hour)
	}
}

func (w *world) project(p *place, name, dir string, ago time.Duration) *project {
	o := &project{place: p, name: name, dir: dir, uid: w.hex(12), created: w.now.Add(-ago)}
	p.put(o)
	if p.find((&host{p}).ref()) == nil {
		p.put(&host{p})
	}
	return o
}

func (w *world) contain(p *project, c container, ago time.Duration) {
	begin := w.now.Add(-ago)
	c.project, c.uid, c.digest = p, w.hex(64), "sha256:"+w.hex(64)
	c.created, c.changed, c.state, c.healthy = begin, begin, up, c.check
	c.key = w.key(c.uid)
	c.instances = []instance{{start: begin}}
	for _, o := range p.place.tables["image"] {
		if i := o.(*picture); i.name == c.image {
			c.digest = i.digest
		}
	}
	if c.service == "seed" {
		c.state = exited
		c.instances[0].end, c.instances[0].reason = begin.Add(9*time.Second), "Completed"
		c.changed = c.instances[0].end
	}
	p.containers = append(p.containers, &c)
	p.place.put(&c)
	p.place.touch(p)
	p.place.put(&picture{place: p.place, name: c.image, digest: c.digest, size: (60 + 300*w.chance.Float64()) * mebi, created: begin.Add(-time.Duration(w.chance.IntN(900)) * time.Hour)})
}

// release puts up the released image that a container of an own service ran
// before it ran the developer's.
func (w *world) release(c *container) {
	s := c.own()
	if s == nil {
		return
	}
	p := c.project.place
	name := "registry.acme.example/" + s.name + ":" + w.fixed("release "+s.name, 7)
	c.ran = []string{name}
	p.put(&picture{place: p, name: name, digest: "sha256:" + w.fixed("release digest "+s.name, 64), size: 140 * mebi, created: w.now.Add(-9 * 24 * time.Hour)})
}

// own is the service of the story that a container runs, nil if none.
func (c *container) own() *service {
	for _, s := range c.project.place.w.services {
		if s.name == c.service {
			return s
		}
	}
	return nil
}

// container returns a container of the shop by its service.
func (p *place) container(service string) *container {
	for _, o := range p.tables["container"] {
		if c := o.(*container); c.service == service {
			return c
		}
	}
	return nil
}

// tellLaptop schedules what happens on the laptop: the worker's memory grows
// until it is killed, the web server fails its health check now and then, and
// the developer rebuilds the api.
func (w *world) tellLaptop() {
	p := w.places[Laptop]
	p.container("worker").grow()
	w.every(6*time.Minute, func() {
		if c := p.container("web"); c != nil {
			c.sicken()
		}
	})
	w.every(7*time.Minute, func() {
		if c := p.container("api"); c != nil && c.state == up {
			c.say(false, "die", "container died: exit code 0")
			c.stop(0, "Completed")
			c.restart()
		}
	})
}

func (c *container) say(warning bool, reason, message string) {
	c.project.place.say(c.ref(), warning, reason, "docker", c.name()+": "+message)
}

func (c *container) shown() {
	c.changed = c.project.place.w.now
	c.project.place.touch(c)
	c.project.place.touch(c.project)
}

// then lets do happen after d unless the container has moved on by then.
func (c *container) then(d time.Duration, do func()) {
	step := c.step
	c.project.place.w.after(d, func() {
		if c.step == step {
			do()
		}
	})
}

// growth is how long the worker lives.
const growth = 4 * time.Minute

// grow plays the worker's life: it fills its memory and dies; if nobody
// restarts it, the developer does after a while.
func (c *container) grow() {
	c.then(growth, func() {
		c.say(true, "oom", "out of memory")
		c.stop(137, "OOMKilled")
		c.then(2*time.Minute, c.restart)
	})
}

// sicken makes the health check fail for half a minute.
func (c *container) sicken() {
	if c.state != up {
		return
	}
	c.healthy = false
	c.say(true, "health_status", "health_status: unhealthy")
	c.shown()
	c.then(35*time.Second, func() {
		c.healthy = true
		c.say(false, "health_status", "health_status: healthy")
		c.shown()
	})
}

// stop ends the container's process.
func (c *container) stop(exit int, reason string) {
	w := c.project.place.w
	c.step++
	if l := c.last(); l.end.IsZero() {
		l.end, l.exit, l.reason = w.now, exit, reason
	}
	c.state, c.healthy = exited, false
	c.shown()
}

// restart stops the container if it runs and starts it again.
func (c *container) restart() {
	if c.state == up || c.state == frozen {
		c.say(false, "die", "container died: exit code 143")
		c.stop(143, "Completed")
	}
	c.step++
	c.state = restarting
	c.shown()
	c.then(1200*time.Millisecond, func() {
		c.restarts++
		c.begin()
	})
}

// begin runs the container's process.
func (c *container) begin() {
	c.instances = append(c.instances, instance{number: c.last().number + 1, start: c.project.place.w.now})
	if len(c.instances) > 6 {
		c.instances = c.instances[1:]
	}
	c.live()
}

// live plays what the process does once it has begun.
func (c *container) live() {
	c.step++
	c.state, c.healthy = up, false
	c.say(false, "start", fmt.Sprintf("container started (restart %d)", c.restarts))
	c.shown()
	switch {
	case c.flavour == "seed":
		c.then(8*time.Second, func() { c.stop(0, "Completed") })
	case c.grows:
		c.grow()
	case c.check:
		c.then(5*time.Second, func() {
			c.healthy = true
			c.say(false, "health_status", "health_status: healthy")
			c.shown()
		})
	}
}

// rev changes with each turn of the life of one of its containers.
func (p *project) rev() string {
	n := p.shaken
	for _, c := range p.containers {
		n += c.step
	}
	return strconv.Itoa(n)
}
