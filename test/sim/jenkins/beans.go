package jenkins

import (
	"net/url"
	"strings"
	"time"
)

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// hudson is the controller itself.
func (c *call) hudson() *bean {
	return &bean{class: "hudson.model.Hudson", props: []prop{
		is("assignedLabels", []*bean{{props: []prop{is("name", "built-in")}}}), is("mode", "NORMAL"), is("nodeDescription", "the Jenkins controller's built-in node"),
		is("nodeName", ""), is("numExecutors", 0), is("description", nil), is("overallLoad", &bean{}), is("unlabeledLoad", &bean{}),
		lazy("jobs", func() any { return c.items(c.root) }), is("quietingDown", c.quiet), is("slaveAgentPort", 50000),
		is("primaryView", c.all()), is("views", []*bean{c.all()}), is("url", c.base+"/"), is("useCrumbs", !c.o.NoCrumbs), is("useSecurity", len(c.o.Users) > 0),
	}}
}

func (c *call) all() *bean {
	return &bean{class: "hudson.model.AllView", props: []prop{seen("name", "all"), seen("url", c.base+"/")}}
}

func (c *call) items(it *item) []*bean {
	out := []*bean{}
	for _, x := range it.items {
		if c.sees(x) {
			out = append(out, c.itemBean(x))
		}
	}
	return out
}

func (c *call) itemBean(it *item) *bean {
	b := &bean{class: classes[it.kind], props: []prop{
		is("actions", []*bean{}), is("description", orNil(it.about)), is("displayName", it.display), is("displayNameOrNull", nil),
		is("fullDisplayName", it.fullDisplay()), is("fullName", it.fullName()), seen("name", it.name), seen("url", c.base+"/"+it.path()), is("healthReport", []*bean{}),
	}}
	if it.job == nil {
		b.props = append(b.props, lazy("jobs", func() any { return c.items(it) }), is("primaryView", c.all()), is("views", []*bean{c.all()}))
		if it.kind == multibranch {
			b.props = append(b.props, is("sources", []*bean{{}}))
		}
		return b
	}
	j := it.job
	at := func(want func(*Build) bool) func() any {
		return func() any {
			for i := len(j.builds) - 1; i >= 0; i-- {
				if want(j.builds[i]) {
					return c.buildBean(j.builds[i])
				}
			}
			return nil
		}
	}
	builds := func(limit int) func() any {
		return func() any {
			out := []*bean{}
			for i := len(j.builds) - 1; i >= 0 && (limit == 0 || len(out) < limit); i-- {
				out = append(out, c.buildBean(j.builds[i]))
			}
			return out
		}
	}
	b.props = append(b.props,
		is("buildable", !it.disabled), seen("color", j.color()), is("concurrentBuild", it.kind == pipeline), is("inQueue", c.queued(j) != nil),
		lazy("queueItem", func() any { return c.queueBean(c.queued(j)) }),
		is("keepDependencies", false), is("nextBuildNumber", j.next), lazy("builds", builds(100)), prop{"allBuilds", -2, builds(0)}, // only a tree has it

		lazy("firstBuild", func() any {
			if len(j.builds) == 0 {
				return nil
			}
			return c.buildBean(j.builds[0])
		}),
		lazy("lastBuild", at(func(*Build) bool { return true })),
		lazy("lastCompletedBuild", at(func(b *Build) bool { return b.result != "" })),
		lazy("lastFailedBuild", at(func(b *Build) bool { return b.result == "FAILURE" })),
		lazy("lastStableBuild", at(func(b *Build) bool { return b.result == "SUCCESS" })),
		lazy("lastSuccessfulBuild", at(func(b *Build) bool { return b.result == "SUCCESS" || b.result == "UNSTABLE" })),
		lazy("lastUnstableBuild", at(func(b *Build) bool { return b.result == "UNSTABLE" })),
		lazy("lastUnsuccessfulBuild", at(func(b *Build) bool { return b.result != "" && b.result != "SUCCESS" })),
		lazy("property", func() any { return c.properties(j) }),
	)
	if it.kind == freestyle {
		b.props = append(b.props, is("downstreamProjects", []*bean{}), is("upstreamProjects", []*bean{}), is("scm", &bean{class: "hudson.plugins.git.GitSCM"}), is("labelExpression", nil))
	} else {
		b.props = append(b.props, is("resumeBlocked", false))
	}
	return b
}

func (c *call) properties(j *Job) []*bean {
	out := []*bean{}
	if len(j.params) == 0 {
		return out
	}
	var defs []*bean
	for _, p := range j.params {
		d := &bean{class: "hudson.model." + p.Kind + "ParameterDefinition", props: []prop{
			seen("name", p.Name), seen("description", orNil(p.Help)), seen("type", p.Kind+"ParameterDefinition"),
		}}
		if p.Kind != File {
			d.props = append(d.props, seen("defaultParameterValue", valueBean(p, p.value(nil))))
		}
		if p.Kind == Choice {
			d.props = append(d.props, seen("choices", p.Choices))
		}
		defs = append(defs, d)
	}
	return append(out, &bean{class: "hudson.model.ParametersDefinitionProperty", props: []prop{seen("parameterDefinitions", defs)}})
}

// valueBean is a parameter's value; a password has none to show.
func valueBean(p Param, value string) *bean {
	kind := p.Kind
	if kind == Choice {
		kind = String
	}
	b := &bean{class: "hudson.model." + kind + "ParameterValue", props: []prop{seen("name", p.Name)}}
	switch p.Kind {
	case Password, File:
	case Boolean:
		b.props = append(b.props, seen("value", value == "true"))
	default:
		b.props = append(b.props, seen("value", value))
	}
	return b
}

func (c *call) causeBeans(causes []cause) *bean {
	var out []*bean
	for _, x := range causes {
		b := &bean{class: x.class, props: []prop{seen("shortDescription", x.text)}}
		if strings.HasSuffix(x.class, "UserIdCause") {
			b.props = append(b.props, seen("userId", orNil(x.user)), seen("userName", x.name))
		}
		if x.upstream != "" {
			b.props = append(b.props, seen("upstreamProject", x.upstream), seen("upstreamBuild", x.number), seen("upstreamUrl", "job/"+x.upstream+"/"))
		}
		out = append(out, b)
	}
	return &bean{class: "hudson.model.CauseAction", props: []prop{seen("causes", out)}}
}

func paramsBean(j *Job, values map[string]string) *bean {
	var out []*bean
	for _, p := range j.params {
		out = append(out, valueBean(p, values[p.Name]))
	}
	return &bean{class: "hudson.model.ParametersAction", props: []prop{seen("parameters", out)}}
}

func (c *call) buildBean(b *Build) *bean {
	running := b.result == ""
	took := b.took.Milliseconds()
	usual := -1
	if b.job.Usual > 0 {
		usual = b.job.Usual
	}
	out := &bean{class: "org.jenkinsci.plugins.workflow.job.WorkflowRun", props: []prop{
		lazy("actions", func() any { return c.actions(b) }), is("artifacts", []*bean{}), is("building", running), is("description", orNil(b.describes)),
		is("displayName", "#"+b.id()), is("duration", took), is("estimatedDuration", usual), is("executor", nil), is("fullDisplayName", b.name()),
		is("id", b.id()), is("inProgress", running), is("keepLog", false), seen("number", b.number), is("queueId", b.queueID), is("result", orNil(b.result)),
		is("timestamp", millis(b.began)), seen("url", c.base+"/"+b.url()), is("culprits", []*bean{}), is("nextBuild", nil), is("previousBuild", nil),
	}}
	set := func() any {
		var items []*bean
		for _, x := range b.changes {
			first, _, _ := strings.Cut(x.Message, "\n")
			items = append(items, &bean{class: "hudson.plugins.git.GitChangeSet", props: []prop{
				seen("commitId", x.SHA), seen("id", x.SHA), seen("msg", first), seen("comment", x.Message), seen("timestamp", millis(b.began)),
				seen("author", &bean{props: []prop{seen("absoluteUrl", c.base+"/user/"+url.PathEscape(x.Author)), seen("fullName", x.Author)}}),
			}})
		}
		return &bean{class: "hudson.plugins.git.GitChangeSetList", props: []prop{seen("items", items), seen("kind", "git")}}
	}
	if b.job.kind == freestyle {
		out.class = "hudson.model.FreeStyleBuild"
		out.props = append(out.props, is("builtOn", b.node), lazy("changeSet", set))
		return out
	}
	out.props = append(out.props, lazy("changeSets", func() any {
		if len(b.changes) == 0 {
			return []*bean{}
		}
		return []*bean{set().(*bean)}
	}))
	return out
}

func (c *call) actions(b *Build) []*bean {
	out := []*bean{c.causeBeans(b.causes), {}}
	if len(b.job.params) > 0 {
		out = append(out, paramsBean(b.job, b.values))
	}
	if b.commit != "" {
		branch := &bean{props: []prop{seen("SHA1", b.commit), seen("name", "refs/remotes/origin/"+b.branch)}}
		out = append(out, &bean{class: "hudson.plugins.git.util.BuildData", props: []prop{
			seen("lastBuiltRevision", &bean{props: []prop{seen("SHA1", b.commit), seen("branch", []*bean{branch})}}),
			seen("remoteUrls", []string{b.job.Repo}), seen("scmName", ""),
		}})
	}
	return out
}

func (c *call) queueBean(q *QueueItem) *bean {
	if q == nil {
		return nil
	}
	class := "hudson.model.Queue$BuildableItem"
	actions := []*bean{c.causeBeans(q.causes)}
	if len(q.job.params) > 0 {
		actions = append(actions, paramsBean(q.job, q.values))
	}
	var params strings.Builder
	for _, p := range q.job.params {
		if p.Kind != Password && p.Kind != File {
			params.WriteString("\n" + p.Name + "=" + q.values[p.Name])
		}
	}
	b := &bean{props: []prop{
		is("actions", actions), is("blocked", false), is("buildable", q.left == nil && !q.cancelled), is("id", q.id), is("inQueueSince", millis(q.since)),
		is("params", params.String()), is("stuck", false), is("url", "queue/item/"+itoa(q.id)+"/"), is("why", orNil(q.why())),
		is("task", &bean{class: classes[q.job.kind], props: []prop{seen("name", q.job.name), seen("url", c.base+"/"+q.job.path()), seen("color", q.job.color())}}),
	}}
	switch {
	case q.left != nil || q.cancelled:
		class = "hudson.model.Queue$LeftItem"
		var exec *bean
		if q.left != nil {
			exec = &bean{class: c.buildBean(q.left).class, props: []prop{seen("number", q.left.number), seen("url", c.base+"/"+q.left.url())}}
		}
		b.props = append(b.props, is("cancelled", q.cancelled), is("executable", exec))
	default:
		b.props = append(b.props, is("buildableStartMilliseconds", millis(q.since)), is("pending", false))
	}
	b.class = class
	return b
}

func (c *call) computers() *bean {
	busy := len(c.running())
	exec := make([]*bean, c.o.Executors)
	for i := range exec {
		exec[i] = &bean{}
	}
	agent := func(name string, executors []*bean, offline bool) *bean {
		return &bean{class: "hudson.slaves.SlaveComputer", props: []prop{
			seen("actions", []*bean{}), seen("displayName", name), seen("executors", executors), seen("icon", "symbol-computer"), seen("idle", busy == 0), seen("jnlpAgent", false),
			seen("launchSupported", true), seen("loadStatistics", &bean{}), seen("manualLaunchAllowed", true), seen("monitorData", map[string]any{}), seen("numExecutors", len(executors)),
			seen("offline", offline), seen("offlineCause", nil), seen("offlineCauseReason", ""), seen("oneOffExecutors", []*bean{}), seen("temporarilyOffline", false),
		}}
	}
	return &bean{class: "hudson.model.ComputerSet", props: []prop{
		is("busyExecutors", busy), is("totalExecutors", c.o.Executors), is("displayName", "Nodes"),
		is("computer", []*bean{agent("Built-In Node", []*bean{}, false), agent("linux-1", exec, false)}),
	}}
}

func (c *call) me() *bean {
	return &bean{class: "hudson.model.User", props: []prop{
		is("absoluteUrl", c.base+"/user/"+url.PathEscape(c.id())), is("description", nil), is("fullName", c.who()), is("id", c.id()), is("property", []*bean{}),
	}}
}

func (w *World) running() []*Build {
	var out []*Build
	var walk func(*item)
	walk = func(it *item) {
		for _, x := range it.items {
			walk(x)
		}
		if it.job != nil {
			for _, b := range it.job.builds {
				if b.result == "" {
					out = append(out, b)
				}
			}
		}
	}
	walk(w.root)
	return out
}
