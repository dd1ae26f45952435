// Package ci is what the pipelines of all systems have in common: the kinds and
// columns of runs, jobs, workflows and environments, the reading of their logs,
// the first lines that say what went wrong, the inputs of a workflow, the
// repositories that a working directory belongs to, and when to ask again. It
// knows no system's API and sends nothing.
//
// A source of pipelines declares Kinds(its verbs), turns what its API says into
// Run, Job, Workflow and Environment, and publishes their Resource. Settle
// (Usual and MarkPast) tells what only the runs together can tell.
package ci
