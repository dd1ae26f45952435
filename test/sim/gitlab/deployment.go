package gitlab

import "time"

type environment struct {
	id       int
	name     string
	state    string // available, stopped
	tier     string
	url      string
	created  time.Time
	updated  time.Time
	autoStop time.Time
}

type deployment struct {
	id, iid          int
	status           string // created, running, success, failed, canceled, blocked
	environment      *environment
	ref, sha         string
	user             *user
	job              *job
	created, updated time.Time
	approvals        []approval
	needed           int
}

type approval struct {
	user            *user
	status, comment string
	at              time.Time
}

type protectedEnvironment struct {
	name     string
	required int
	level    int
}

// Environment adds an environment with its page.
func (w *World) Environment(path, name, url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.environment(w.project(path), name).url = url
}

func (w *World) environment(p *Project, name string) *environment {
	for _, e := range p.environments {
		if e.name == name {
			return e
		}
	}
	tier := "other"
	switch name {
	case "production", "staging", "testing", "development":
		tier = name
	}
	e := &environment{id: w.id(), name: name, state: "available", tier: tier, created: w.now(), updated: w.now()}
	p.environments = append(p.environments, e)
	return e
}

// Block protects an environment: deployments to it wait for so many approvals.
func (w *World) Block(path, name string, approvals int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	p := w.project(path)
	w.environment(p, name)
	p.protected = append(p.protected, &protectedEnvironment{name, approvals, 40})
}

// DeploymentStatus is how the newest deployment to an environment stands.
func (w *World) DeploymentStatus(path, name string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := ""
	for _, d := range w.project(path).deployments {
		if d.environment.name == name {
			out = d.status
		}
	}
	return out
}

// deploys keeps the deployment of a job in step with it.
func (w *World) deploys(j *job) {
	if j.spec.Environment == "" {
		return
	}
	p := j.pipeline.project
	if j.deployment == nil {
		if j.status == "created" {
			return
		}
		needed := 0
		for _, x := range p.protected {
			if x.name == j.spec.Environment {
				needed = x.required
			}
		}
		if j.status == "manual" && needed == 0 {
			return // a deployment is made when it is played
		}
		p.deployIID++
		j.deployment = &deployment{
			id: w.id(), iid: p.deployIID, environment: w.environment(p, j.spec.Environment), ref: j.pipeline.ref, sha: j.pipeline.sha,
			user: j.user, job: j, created: w.now(), needed: needed, status: "created",
		}
		if needed > 0 {
			j.deployment.status = "blocked"
		}
		p.deployments = append(p.deployments, j.deployment)
	}
	d := j.deployment
	d.updated = w.now()
	if d.status == "blocked" {
		if j.status == "canceled" {
			d.status = "canceled"
		}
		return
	}
	switch j.status {
	case "pending", "manual":
		d.status = "created"
	default:
		d.status = j.status
	}
	if j.status == "success" {
		d.environment.state, d.environment.updated = "available", w.now()
	}
}

// DeploymentID is the id of the newest deployment to an environment; 0: none.
func (w *World) DeploymentID(path, name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := 0
	for _, d := range w.project(path).deployments {
		if d.environment.name == name {
			out = d.id
		}
	}
	return out
}

// EnvironmentID is the id of an environment; 0: there is none.
func (w *World) EnvironmentID(path, name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.project(path).environments {
		if e.name == name {
			return e.id
		}
	}
	return 0
}
