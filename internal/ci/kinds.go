package ci

import (
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The names of the kinds. They are the same in every system.
const (
	KindRun         = "run"         // a workflow run, a pipeline, a build
	KindJob         = "job"         // a job or a stage of a run; only in outlines, never listed
	KindWorkflow    = "workflow"    // what can be dispatched
	KindEnvironment = "environment" // a deployment target with its last deployment
)

// Verbs are the changes that a system has for each kind.
type Verbs struct{ Run, Job, Workflow, Environment []string }

func column(id string, title text.Safe, t core.ColumnType) core.Column {
	return core.Column{ID: id, Title: title, Type: t}
}

func wide(c core.Column) core.Column { c.Wide = true; return c }

func flex(c core.Column) core.Column { c.Flex = true; return c }

// The columns that the kinds share.
var (
	colName     = column("name", text.Lit("NAME"), core.Name)
	colSystem   = column("system", text.Lit("SYSTEM"), core.Text)
	colNumber   = column("number", text.Lit("#"), core.Number)
	colBranch   = column("branch", text.Lit("BRANCH"), core.Text)
	colCommit   = column("commit", text.Lit("COMMIT"), core.Text)
	colTitle    = flex(column("title", text.Lit("TITLE"), core.Text))
	colAuthor   = column("author", text.Lit("AUTHOR"), core.Text)
	colStage    = column("stage", text.Lit("STAGE"), core.Stages)
	colStatus   = column("status", text.Lit("STATUS"), core.Status)
	colDuration = column("duration", text.Lit("DURATION"), core.Duration)
	colUsual    = column("usual", text.Lit("USUAL"), core.Duration)
	colEvent    = wide(column("event", text.Lit("EVENT"), core.Text))
	colMine     = wide(column("mine", text.Lit("MINE"), core.Text))
	colAttempt  = wide(column("attempt", text.Lit("ATTEMPT"), core.Number))
	colAge      = column("age", text.Lit("AGE"), core.Age)
)

// Kinds are the kinds of a system of pipelines, with its verbs: run, job,
// workflow, environment.
func Kinds(system Verbs) []core.Kind {
	place := text.Lit("REPOSITORY")
	return []core.Kind{
		{
			Name: KindRun, Plural: "runs", Aliases: []string{"build", "builds", "pipeline", "pipelines"}, Title: text.Lit("Runs"), Namespaced: true, Place: place,
			Verbs: system.Run, Logs: true, Polled: true, Outline: true, Explains: true, Rank: 5,
			Columns: []core.Column{
				colName, colSystem, colNumber, colBranch, colCommit, colTitle, colAuthor, colStage, colStatus, colDuration, colUsual,
				colEvent, colMine, colAttempt, colAge,
			},
		},
		{
			Name: KindJob, Plural: "jobs", Title: text.Lit("Jobs"), Namespaced: true, Place: place, Unlisted: true,
			Verbs: system.Job, Logs: true, Explains: true, Rank: 6,
			Columns: []core.Column{
				flex(colName), colSystem, column("group", text.Lit("GROUP"), core.Text), colStage, colStatus, colDuration,
				wide(column("runner", text.Lit("RUNNER"), core.Text)), colAttempt, colAge,
			},
		},
		{
			Name: KindWorkflow, Plural: "workflows", Aliases: []string{"wf"}, Title: text.Lit("Workflows"), Namespaced: true, Place: place,
			Verbs: system.Workflow, Rank: 7,
			Columns: []core.Column{
				colName, colSystem, colBranch, colTitle, colStatus, wide(column("file", text.Lit("FILE"), core.Text)), colAge,
			},
		},
		{
			Name: KindEnvironment, Plural: "environments", Aliases: []string{"env"}, Title: text.Lit("Environments"), Namespaced: true, Place: place,
			Verbs: system.Environment, History: true, Rank: 8,
			Columns: []core.Column{
				colName, colSystem, colNumber, colBranch, colCommit, colTitle, colAuthor, colStatus,
				wide(column("protected", text.Lit("PROTECTED"), core.Text)), colAge,
			},
		},
	}
}
