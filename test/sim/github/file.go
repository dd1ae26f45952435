package github

// File is the path of the run's workflow: ".github/workflows/ci.yml".
func (run *Run) File() string { return run.workflow.Path }
