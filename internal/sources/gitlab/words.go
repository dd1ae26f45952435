package gitlab

import (
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// phase is the phase of a pipeline, or of a job that must not fail.
func phase(status string) core.Phase {
	switch status {
	case "success", "canceled", "skipped":
		return core.Succeeded
	case "failed":
		return core.Failed
	case "created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "running", "canceling", "manual", "scheduled":
		return core.Pending
	}
	return core.Unknown
}

// jobPhase is the phase of a job: one that may fail only degrades.
func jobPhase(j *apiJob) core.Phase {
	if j.Status == "failed" && j.AllowFailure {
		return core.Degraded
	}
	return phase(j.Status)
}

// deploymentPhase is how an environment stands by its last deployment.
func deploymentPhase(d *apiDeployment, state string) core.Phase {
	switch {
	case state == "stopped" || state == "stopping":
		return core.Succeeded
	case d == nil:
		return core.Unknown
	}
	switch d.Status {
	case "success":
		return core.Running
	case "failed":
		return core.Failed
	case "canceled", "skipped":
		return core.Degraded
	case "created", "running", "blocked":
		return core.Pending
	}
	return core.Unknown
}

// failures are GitLab's failure reasons in words
// (docs.gitlab.com/ci/jobs: "View the reason a job failed").
var failures = map[string]text.Safe{
	"script_failure":                         text.Lit("a command of its script failed"),
	"runner_system_failure":                  text.Lit("the runner failed: not the job's own fault"),
	"stuck_or_timeout_failure":               text.Lit("it was stuck: no runner took it in time, or it went silent"),
	"job_execution_timeout":                  text.Lit("it took longer than its time limit"),
	"missing_dependency_failure":             text.Lit("artifacts that it needs are gone or were never made"),
	"runner_unsupported":                     text.Lit("the runner is too old for what the job wants"),
	"stale_schedule":                         text.Lit("its delayed start was missed"),
	"unmet_prerequisites":                    text.Lit("what it needs of the cluster could not be made"),
	"scheduler_failure":                      text.Lit("GitLab could not hand it to a runner"),
	"data_integrity_failure":                 text.Lit("GitLab found its data broken"),
	"forward_deployment_failure":             text.Lit("a newer deployment has been made to the environment: outdated ones are not allowed"),
	"insufficient_bridge_permissions":        text.Lit("its user may not start the downstream pipeline"),
	"downstream_bridge_project_not_found":    text.Lit("the downstream project does not exist, or its user may not see it"),
	"invalid_bridge_trigger":                 text.Lit("its trigger is not valid"),
	"downstream_pipeline_creation_failed":    text.Lit("the downstream pipeline could not be made"),
	"upstream_bridge_project_not_found":      text.Lit("the upstream project does not exist, or its user may not see it"),
	"secrets_provider_not_found":             text.Lit("no provider of its secrets is configured"),
	"reached_max_descendant_pipelines_depth": text.Lit("child pipelines are nested too deeply"),
	"ip_restriction_failure":                 text.Lit("the group allows other addresses only"),
	"ci_quota_exceeded":                      text.Lit("the compute minutes are used up"),
	"no_matching_runner":                     text.Lit("no runner has its tags"),
	"trace_size_exceeded":                    text.Lit("its log grew beyond the limit"),
	"builds_disabled":                        text.Lit("CI/CD is switched off in the project"),
	"environment_creation_failure":           text.Lit("its environment could not be made"),
	"deployment_rejected":                    text.Lit("somebody rejected the deployment"),
	"protected_environment_failure":          text.Lit("its user may not deploy to the protected environment"),
	"failed_outdated_deployment_job":         text.Lit("a newer deployment has been made to the environment"),
	"runner_provisioning_timeout":            text.Lit("no machine was ready for it in time"),
	"unknown_failure":                        text.Lit("GitLab does not say why"),
	"api_failure":                            text.Lit("the runner could not talk to GitLab"),
	"image_pull_failure":                     text.Lit("its image could not be pulled"),
	"archived_failure":                       text.Lit("the pipeline is archived"),
}

// failure is why a job failed; empty: it did not.
func failure(j *apiJob) text.Safe {
	if j.Status != "failed" {
		return text.Safe{}
	}
	if w, ok := failures[j.FailureReason]; ok {
		return w
	}
	return text.Clean(strings.ReplaceAll(j.FailureReason, "_", " "))
}

// quote quotes for a shell where that is necessary.
func quote(a string) string {
	if a == "" {
		return "''"
	}
	for _, r := range a {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@=,+%", r) {
			return "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
	}
	return a
}
