package viewstest

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

func col(id string, title text.Safe, t core.ColumnType) core.Column {
	return core.Column{ID: id, Title: title, Type: t}
}

func wide(c core.Column) core.Column { c.Wide = true; return c }

func flex(c core.Column) core.Column { c.Flex = true; return c }

var (
	colName   = flex(col("name", text.Lit("NAME"), core.Name))
	colStatus = col("status", text.Lit("STATUS"), core.Status)
	colAge    = col("age", text.Lit("AGE"), core.Age)
	colImages = flex(col("images", text.Lit("IMAGES"), core.Text))
	colReady  = col("ready", text.Lit("READY"), core.Text)
	colCPU    = core.Column{ID: "cpu", Title: text.Lit("CPU"), Type: core.CPU, Usage: core.CPUUsed, Min: 5}
	colMem    = core.Column{ID: "mem", Title: text.Lit("MEM"), Type: core.Bytes, Usage: core.MemUsed, Min: 6}
	colMemPct = core.Column{ID: "mem%", Title: text.Lit("%MEM/L"), Type: core.Percent, Usage: core.MemUsed}
)

func workload(name, plural string, title text.Safe, rank int, more ...core.Column) core.Kind {
	cols := []core.Column{colName}
	if len(more) == 0 {
		more = []core.Column{colReady, colStatus, col("up-to-date", text.Lit("UP-TO-DATE"), core.Number), col("available", text.Lit("AVAILABLE"), core.Number)}
	}
	cols = append(append(cols, more...), colImages, colAge)
	return core.Kind{Name: name, Plural: plural, Title: title, Namespaced: true, Logs: true, Workload: true, Rank: rank, Columns: cols}
}

// with gives the kinds their verbs.
func with(kinds []core.Kind) []core.Kind {
	for i := range kinds {
		kinds[i].Verbs = kindVerbs[kinds[i].Name]
	}
	return kinds
}

// kubeKinds are the kinds of a cluster, in the columns that the real source has.
func kubeKinds() []core.Kind {
	return with([]core.Kind{
		{
			Name: "pod", Plural: "pods", Aliases: []string{"po"}, Title: text.Lit("Pods"), Namespaced: true, Logs: true, Rank: 10,
			Columns: []core.Column{
				colName, colReady, colStatus, col("restarts", text.Lit("RESTARTS"), core.Number), colCPU, colMem, colMemPct,
				wide(col("ip", text.Lit("IP"), core.Text)), col("node", text.Lit("NODE"), core.Text), colAge,
			},
		},
		workload("deployment", "deployments", text.Lit("Deployments"), 20),
		workload("statefulset", "statefulsets", text.Lit("StatefulSets"), 21),
		workload("daemonset", "daemonsets", text.Lit("DaemonSets"), 22),
		workload("job", "jobs", text.Lit("Jobs"), 24, colStatus, col("completions", text.Lit("COMPLETIONS"), core.Text), col("duration", text.Lit("DURATION"), core.Duration)),
		workload("cronjob", "cronjobs", text.Lit("CronJobs"), 25, col("schedule", text.Lit("SCHEDULE"), core.Text), colStatus, col("last", text.Lit("LAST SCHEDULE"), core.Age)),
		{
			Name: "node", Plural: "nodes", Title: text.Lit("Nodes"), Rank: 30,
			Columns: []core.Column{colName, colStatus, col("roles", text.Lit("ROLES"), core.Text), col("version", text.Lit("VERSION"), core.Text), colCPU, colMem, col("pods", text.Lit("PODS"), core.Number), colAge},
		},
		{
			Name: "service", Plural: "services", Aliases: []string{"svc"}, Title: text.Lit("Services"), Namespaced: true, Logs: true, Rank: 40,
			Columns: []core.Column{colName, col("type", text.Lit("TYPE"), core.Text), col("ports", text.Lit("PORT(S)"), core.Text), colAge},
		},
		{Name: "namespace", Plural: "namespaces", Aliases: []string{"ns"}, Title: text.Lit("Namespaces"), Rank: 50, Columns: []core.Column{colName, colStatus, colAge}},
		{
			Name: "secret", Plural: "secrets", Title: text.Lit("Secrets"), Namespaced: true, Rank: 51,
			Columns: []core.Column{colName, col("data", text.Lit("DATA"), core.Number), colAge},
		},
		{
			Name: "event", Plural: "events", Aliases: []string{"ev"}, Title: text.Lit("Events"), Namespaced: true, Rank: 60,
			Columns: []core.Column{col("last", text.Lit("LAST SEEN"), core.Age), colStatus, col("reason", text.Lit("REASON"), core.Text), col("object", text.Lit("OBJECT"), core.Text), flex(col("message", text.Lit("MESSAGE"), core.Text)), col("count", text.Lit("COUNT"), core.Number)},
		},
	})
}

// dockerKinds are the kinds of a container host.
func dockerKinds() []core.Kind {
	return with([]core.Kind{
		{
			Name: "container", Plural: "containers", Title: text.Lit("Containers"), Logs: true, Rank: 10,
			Columns: []core.Column{
				colName, colStatus, col("health", text.Lit("HEALTH"), core.Text), colCPU, colMem, col("restarts", text.Lit("RESTARTS"), core.Number),
				flex(col("image", text.Lit("IMAGE"), core.Text)), col("project", text.Lit("PROJECT"), core.Text), col("ports", text.Lit("PORTS"), core.Text), colAge,
			},
		},
		{
			Name: "project", Plural: "projects", Title: text.Lit("Projects"), Logs: true, Workload: true, Rank: 20,
			Columns: []core.Column{colName, colStatus, col("running", text.Lit("RUNNING"), core.Number), col("containers", text.Lit("CONTAINERS"), core.Number), colAge},
		},
		{
			Name: "image", Plural: "images", Title: text.Lit("Images"), Rank: 60,
			Columns: []core.Column{colName, col("size", text.Lit("SIZE"), core.Bytes), colAge},
		},
		{Name: "volume", Plural: "volumes", Title: text.Lit("Volumes"), Rank: 61, Columns: []core.Column{colName, col("driver", text.Lit("DRIVER"), core.Text), colAge}},
		{Name: "network", Plural: "networks", Title: text.Lit("Networks"), Rank: 62, Columns: []core.Column{colName, col("driver", text.Lit("DRIVER"), core.Text), colAge}},
	})
}
