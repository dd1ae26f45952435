package demo

import (
	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func col(id string, title text.Safe, t core.ColumnType) core.Column {
	return core.Column{ID: id, Title: title, Type: t}
}

func wide(c core.Column) core.Column { c.Wide = true; return c }

func flex(c core.Column) core.Column { c.Flex = true; return c }

func usage(id string, title text.Safe, t core.ColumnType, m core.Measure) core.Column {
	return core.Column{ID: id, Title: title, Type: t, Usage: m}
}

var (
	colName   = flex(col("name", text.Lit("NAME"), core.Name))
	colStatus = col("status", text.Lit("STATUS"), core.Status)
	colAge    = col("age", text.Lit("AGE"), core.Age)
	colImages = flex(col("images", text.Lit("IMAGES"), core.Text))
	colCPU    = usage("cpu", text.Lit("CPU"), core.CPU, core.CPUUsed)
	colMem    = usage("mem", text.Lit("MEM"), core.Bytes, core.MemUsed)
	// A Percent column of a measure shows its share of the limit.
	colCPUShare = usage("cpu%", text.Lit("%CPU/L"), core.Percent, core.CPUUsed)
	colMemShare = usage("mem%", text.Lit("%MEM/L"), core.Percent, core.MemUsed)
)

// clusterKinds are the kinds of an environment: a cluster and the pipelines that
// deploy to it. Kinds and columns that real sources have too are named alike.
var clusterKinds = append([]core.Kind{
	{
		Name: "pod", Plural: "pods", Aliases: []string{"po"}, Title: text.Lit("Pods"), Namespaced: true,
		Verbs: []string{core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbDelete, core.VerbShell, core.VerbForward, core.VerbCopy}, Logs: true, Rank: 10,
		Columns: []core.Column{
			colName, col("ready", text.Lit("READY"), core.Text), colStatus, col("restarts", text.Lit("RESTARTS"), core.Number),
			colCPU, colMem, colCPUShare, colMemShare, wide(col("ip", text.Lit("IP"), core.Text)), col("node", text.Lit("NODE"), core.Text), colAge,
		},
	},
	{
		Name: "deployment", Plural: "deployments", Aliases: []string{"deploy"}, Title: text.Lit("Deployments"), Namespaced: true,
		Verbs: []string{
			core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbScale, core.VerbPause, core.VerbResume, core.VerbEdit, core.VerbDelete, core.VerbShell, core.VerbForward,
		}, Logs: true, Workload: true, Rank: 20,
		Columns: []core.Column{
			colName, col("ready", text.Lit("READY"), core.Text), colStatus, col("up-to-date", text.Lit("UP-TO-DATE"), core.Number),
			col("available", text.Lit("AVAILABLE"), core.Number), colCPU, colMem, wide(col("revision", text.Lit("REVISION"), core.Number)),
			colImages, colAge,
		},
	},
	{
		Name: "replicaset", Plural: "replicasets", Aliases: []string{"rs"}, Title: text.Lit("ReplicaSets"), Namespaced: true, Logs: true, Workload: true, Rank: 23,
		Columns: []core.Column{
			colName, col("ready", text.Lit("READY"), core.Text), colStatus, col("revision", text.Lit("REVISION"), core.Number), colImages, colAge,
		},
	},
	{
		Name: "node", Plural: "nodes", Aliases: []string{"no"}, Title: text.Lit("Nodes"),
		Verbs: []string{core.VerbCordon, core.VerbUncordon, core.VerbDrain}, Rank: 30,
		Columns: []core.Column{
			colName, colStatus, col("roles", text.Lit("ROLES"), core.Text), col("version", text.Lit("VERSION"), core.Text),
			colCPU, colMem, colCPUShare, colMemShare, col("pods", text.Lit("PODS"), core.Number), wide(col("ip", text.Lit("INTERNAL-IP"), core.Text)), colAge,
		},
	},
	{
		Name: "service", Plural: "services", Aliases: []string{"svc"}, Title: text.Lit("Services"), Namespaced: true,
		Verbs: []string{core.VerbForward}, Logs: true, Rank: 40,
		Columns: []core.Column{
			colName, col("type", text.Lit("TYPE"), core.Text), col("cluster-ip", text.Lit("CLUSTER-IP"), core.Text), col("ports", text.Lit("PORT(S)"), core.Text), colStatus,
			usage("requests", text.Lit("REQ/S"), core.Number, core.RequestRate), usage("errors", text.Lit("ERR/S"), core.Number, core.ErrorRate),
			usage("p95", text.Lit("P95"), core.Duration, core.LatencyP95), colAge,
		},
	},
	{
		Name: "cronjob", Plural: "cronjobs", Aliases: []string{"cj"}, Title: text.Lit("CronJobs"), Namespaced: true,
		Verbs: []string{core.VerbDeploy, core.VerbPause, core.VerbResume}, Workload: true, Rank: 25,
		Columns: []core.Column{
			colName, col("schedule", text.Lit("SCHEDULE"), core.Text), colStatus, col("active", text.Lit("ACTIVE"), core.Number), col("last", text.Lit("LAST SCHEDULE"), core.Age),
			colImages, colAge,
		},
	},
	{
		Name: "configmap", Plural: "configmaps", Aliases: []string{"cm"}, Title: text.Lit("ConfigMaps"), Namespaced: true,
		Verbs: []string{core.VerbEdit, core.VerbDelete}, Rank: 50,
		Columns: []core.Column{
			colName, col("data", text.Lit("DATA"), core.Number), col("size", text.Lit("SIZE"), core.Bytes), wide(flex(col("keys", text.Lit("KEYS"), core.Text))), colAge,
		},
	},
	eventKind(true),
	{
		Name: "application", Plural: "applications", Aliases: []string{"app", "apps"}, Title: text.Lit("Applications"), Namespaced: true,
		Verbs:   []string{core.VerbDeploy, core.VerbCancel, core.VerbRollback},
		Outline: true, Explains: true, History: true, Diff: true, Rank: 15,
		Columns: []core.Column{
			flex(col("name", text.Lit("APPLICATION"), core.Name)), wide(col("system", text.Lit("SYSTEM"), core.Text)), wide(col("project", text.Lit("PROJECT"), core.Text)),
			col("branch", text.Lit("TARGET"), core.Text), col("commit", text.Lit("REVISION"), core.Text), col("stage", text.Lit("SYNCED"), core.Stages), colStatus,
			col("sync", text.Lit("SYNC"), core.Text), col("health", text.Lit("HEALTH"), core.Text), col("auto", text.Lit("AUTO-SYNC"), core.Text),
			flex(col("title", text.Lit("MESSAGE"), core.Text)), col("author", text.Lit("BY"), core.Text), col("duration", text.Lit("DURATION"), core.Duration),
			wide(col("destination", text.Lit("DESTINATION"), core.Text)), wide(colImages), colAge,
		},
	},
	{
		Name: "rollout", Plural: "rollouts", Aliases: []string{"ro"}, Title: text.Lit("Rollouts"), Namespaced: true,
		Verbs:   []string{core.VerbApprove, core.VerbCancel, core.VerbRerun, core.VerbRollback, core.VerbPause, core.VerbResume},
		Outline: true, History: true, Rank: 16,
		Columns: []core.Column{
			colName, wide(col("system", text.Lit("SYSTEM"), core.Text)), col("strategy", text.Lit("STRATEGY"), core.Text), col("stage", text.Lit("STEP"), core.Stages),
			col("weight", text.Lit("WEIGHT"), core.Number), colStatus, col("ready", text.Lit("READY"), core.Text), col("up-to-date", text.Lit("UP-TO-DATE"), core.Number),
			col("available", text.Lit("AVAILABLE"), core.Number), col("number", text.Lit("REVISION"), core.Number), wide(col("commit", text.Lit("COMMIT"), core.Text)),
			flex(col("title", text.Lit("MESSAGE"), core.Text)), colImages, colAge,
		},
	},
}, ci.Kinds(ci.Verbs{
	Run:         []string{core.VerbRerun, core.VerbCancel, core.VerbApprove, core.VerbReject, core.VerbRollback},
	Job:         []string{core.VerbRerun, core.VerbCancel, core.VerbApprove, core.VerbReject},
	Workflow:    []string{core.VerbDeploy},
	Environment: []string{core.VerbRollback},
})...)

// laptopKinds are the kinds of the laptop: what a Docker engine has.
var laptopKinds = []core.Kind{
	{
		Name: "container", Plural: "containers", Aliases: []string{"co", "ctr"}, Title: text.Lit("Containers"), Verbs: append([]string{core.VerbCopy}, lifeVerbs...), Logs: true, Rank: 10,
		Columns: []core.Column{
			colName, colStatus, col("health", text.Lit("HEALTH"), core.Text), colCPU, colMem, col("restarts", text.Lit("RESTARTS"), core.Number),
			flex(col("image", text.Lit("IMAGE"), core.Text)), col("project", text.Lit("PROJECT"), core.Text), col("service", text.Lit("SERVICE"), core.Text),
			col("ports", text.Lit("PORTS"), core.Text), usage("rx", text.Lit("NET RX"), core.Bytes, core.NetRx), usage("tx", text.Lit("NET TX"), core.Bytes, core.NetTx),
			col("up", text.Lit("UP"), core.Age), colAge,
		},
	},
	{
		Name: "project", Plural: "projects", Aliases: []string{"compose"}, Title: text.Lit("Projects"), Verbs: lifeVerbs, Logs: true, Workload: true, Rank: 20,
		Columns: []core.Column{
			colName, colStatus, col("running", text.Lit("RUNNING"), core.Number), col("containers", text.Lit("CONTAINERS"), core.Number), colCPU, colMem,
			col("restarts", text.Lit("RESTARTS"), core.Number), colAge, wide(col("dir", text.Lit("FOLDER"), core.Text)),
		},
	},
	{
		Name: "image", Plural: "images", Aliases: []string{"img"}, Title: text.Lit("Images"), Verbs: []string{core.VerbDelete}, Rank: 60,
		Columns: []core.Column{
			colName, colStatus, col("size", text.Lit("SIZE"), core.Bytes), col("containers", text.Lit("CONTAINERS"), core.Number), colAge, col("id", text.Lit("ID"), core.Text),
		},
	},
	{
		Name: "host", Plural: "hosts", Title: text.Lit("Engine"), Verbs: []string{core.VerbPrune}, Rank: 90,
		Columns: []core.Column{
			colName, colStatus, col("version", text.Lit("VERSION"), core.Text), col("containers", text.Lit("CONTAINERS"), core.Number), col("images", text.Lit("IMAGES"), core.Number),
			col("size", text.Lit("SIZE"), core.Bytes),
		},
	},
	eventKind(false),
}

// lifeVerbs are those of what runs on the laptop.
var lifeVerbs = []string{
	core.VerbRestart, core.VerbRollback, core.VerbDeploy, core.VerbStop, core.VerbStart, core.VerbKill, core.VerbPause, core.VerbResume, core.VerbDelete, core.VerbShell,
}

func eventKind(namespaced bool) core.Kind {
	return core.Kind{
		Name: "event", Plural: "events", Aliases: []string{"ev"}, Title: text.Lit("Events"), Namespaced: namespaced, Rank: 60,
		Columns: []core.Column{
			col("last", text.Lit("LAST SEEN"), core.Age), colStatus, col("reason", text.Lit("REASON"), core.Text), col("object", text.Lit("OBJECT"), core.Text),
			flex(col("message", text.Lit("MESSAGE"), core.Text)), col("count", text.Lit("COUNT"), core.Number), wide(col("from", text.Lit("FROM"), core.Text)), wide(colName),
		},
	}
}

func kindOf(kinds []core.Kind, name string) *core.Kind {
	for i := range kinds {
		if kinds[i].Name == name {
			return &kinds[i]
		}
	}
	return nil
}
