package github

import "time"

// What is read of GitHub's answers; everything else is passed over.

type user struct {
	Login string `json:"login"`
}

type repository struct {
	FullName      string `json:"full_name"`
	DefaultBranch string `json:"default_branch"`
	Archived      bool   `json:"archived"`
	Disabled      bool   `json:"disabled"`
	Permissions   *struct {
		Push bool `json:"push"`
	} `json:"permissions"`
}

type gitCommit struct {
	Message string `json:"message"`
	Author  struct {
		Name string `json:"name"`
	} `json:"author"`
}

type workflowRun struct {
	ID              int64      `json:"id"`
	Name            string     `json:"name"`
	HeadBranch      string     `json:"head_branch"`
	HeadSHA         string     `json:"head_sha"`
	Path            string     `json:"path"`
	DisplayTitle    string     `json:"display_title"`
	RunNumber       int        `json:"run_number"`
	RunAttempt      int        `json:"run_attempt"`
	Event           string     `json:"event"`
	Status          string     `json:"status"`
	Conclusion      string     `json:"conclusion"`
	WorkflowID      int64      `json:"workflow_id"`
	HTMLURL         string     `json:"html_url"`
	CreatedAt       time.Time  `json:"created_at"`
	UpdatedAt       time.Time  `json:"updated_at"`
	RunStartedAt    time.Time  `json:"run_started_at"`
	Actor           *user      `json:"actor"`
	TriggeringActor *user      `json:"triggering_actor"`
	HeadCommit      *gitCommit `json:"head_commit"`
}

type workflowJob struct {
	ID          int64     `json:"id"`
	RunID       int64     `json:"run_id"`
	RunAttempt  int       `json:"run_attempt"`
	Name        string    `json:"name"`
	Status      string    `json:"status"`
	Conclusion  string    `json:"conclusion"`
	HeadSHA     string    `json:"head_sha"`
	HTMLURL     string    `json:"html_url"`
	CheckRunURL string    `json:"check_run_url"`
	RunnerName  string    `json:"runner_name"`
	Labels      []string  `json:"labels"`
	CreatedAt   time.Time `json:"created_at"`
	StartedAt   time.Time `json:"started_at"`
	CompletedAt time.Time `json:"completed_at"`
	Steps       []jobStep `json:"steps"`
}

type jobStep struct {
	Name        string    `json:"name"`
	Status      string    `json:"status"`
	Conclusion  string    `json:"conclusion"`
	Number      int       `json:"number"`
	StartedAt   time.Time `json:"started_at"`
	CompletedAt time.Time `json:"completed_at"`
}

func (j *workflowJob) completed() bool { return j.Status == "completed" }

type workflowFile struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	Path      string    `json:"path"`
	State     string    `json:"state"`
	HTMLURL   string    `json:"html_url"`
	UpdatedAt time.Time `json:"updated_at"`
}

type namedEnvironment struct {
	ID        int64     `json:"id"`
	Name      string    `json:"name"`
	HTMLURL   string    `json:"html_url"`
	CreatedAt time.Time `json:"created_at"`
	Rules     []struct {
		Type      string     `json:"type"`
		WaitTimer int        `json:"wait_timer"` // minutes
		Reviewers []reviewer `json:"reviewers"`
	} `json:"protection_rules"`
	BranchPolicy *struct{} `json:"deployment_branch_policy"`
}

type reviewer struct {
	Type     string `json:"type"` // User, Team
	Reviewer struct {
		Login string `json:"login"`
		Name  string `json:"name"`
	} `json:"reviewer"`
}

func (r reviewer) name() string {
	if r.Reviewer.Login != "" {
		return r.Reviewer.Login
	}
	return r.Reviewer.Name
}

type pendingDeployment struct {
	Environment struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"environment"`
	WaitTimer  int        `json:"wait_timer"` // minutes
	WaitSince  time.Time  `json:"wait_timer_started_at"`
	CanApprove bool       `json:"current_user_can_approve"`
	Reviewers  []reviewer `json:"reviewers"`
}

type deployment struct {
	ID          int64     `json:"id"`
	SHA         string    `json:"sha"`
	Ref         string    `json:"ref"`
	Task        string    `json:"task"`
	Environment string    `json:"environment"`
	Description string    `json:"description"`
	Creator     *user     `json:"creator"`
	CreatedAt   time.Time `json:"created_at"`
	UpdatedAt   time.Time `json:"updated_at"`
}

type deploymentStatus struct {
	State          string    `json:"state"`
	Description    string    `json:"description"`
	LogURL         string    `json:"log_url"`
	TargetURL      string    `json:"target_url"`
	EnvironmentURL string    `json:"environment_url"`
	CreatedAt      time.Time `json:"created_at"`
	Creator        *user     `json:"creator"`
}

type annotation struct {
	Path      string `json:"path"`
	StartLine int    `json:"start_line"`
	Level     string `json:"annotation_level"`
	Title     string `json:"title"`
	Message   string `json:"message"`
}

type comparison struct {
	Status       string       `json:"status"`
	TotalCommits int          `json:"total_commits"`
	Commits      []repoCommit `json:"commits"`
}

type repoCommit struct {
	SHA    string `json:"sha"`
	Commit struct {
		Message string `json:"message"`
		Author  struct {
			Name string    `json:"name"`
			Date time.Time `json:"date"`
		} `json:"author"`
	} `json:"commit"`
}

type approval struct {
	State        string `json:"state"`
	Comment      string `json:"comment"`
	User         *user  `json:"user"`
	Environments []struct {
		Name string `json:"name"`
	} `json:"environments"`
}

type rateLimits struct {
	Resources struct {
		Core struct {
			Limit     int   `json:"limit"`
			Remaining int   `json:"remaining"`
			Reset     int64 `json:"reset"`
		} `json:"core"`
	} `json:"resources"`
}

func (u *user) name() string {
	if u == nil {
		return ""
	}
	return u.Login
}
