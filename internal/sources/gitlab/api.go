package gitlab

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// What the API answers, as far as it is used. All strings are raw.

type apiUser struct {
	ID       int    `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// docs.gitlab.com/api/projects
type apiProject struct {
	ID            int    `json:"id"`
	Path          string `json:"path_with_namespace"`
	DefaultBranch string `json:"default_branch"`
	WebURL        string `json:"web_url"`
	Archived      bool   `json:"archived"`
	ConfigPath    string `json:"ci_config_path"`
	Permissions   *struct {
		Project *apiAccess `json:"project_access"`
		Group   *apiAccess `json:"group_access"`
	} `json:"permissions"`
}

type apiAccess struct {
	Level int `json:"access_level"`
}

// docs.gitlab.com/api/pipelines
type apiPipeline struct {
	ID         int       `json:"id"`
	IID        int       `json:"iid"`
	ProjectID  int       `json:"project_id"`
	SHA        string    `json:"sha"`
	Ref        string    `json:"ref"`
	Status     string    `json:"status"`
	Source     string    `json:"source"`
	Name       string    `json:"name"`
	Created    time.Time `json:"created_at"`
	Updated    time.Time `json:"updated_at"`
	Started    time.Time `json:"started_at"`
	Finished   time.Time `json:"finished_at"`
	WebURL     string    `json:"web_url"`
	User       *apiUser  `json:"user"`
	Tag        bool      `json:"tag"`
	YAMLErrors string    `json:"yaml_errors"`
	Coverage   string    `json:"coverage"`
}

type apiCommit struct {
	ID         string    `json:"id"`
	Title      string    `json:"title"`
	AuthorName string    `json:"author_name"`
	Authored   looseTime `json:"authored_date"`
	Created    looseTime `json:"created_at"`
}

// docs.gitlab.com/api/jobs; a bridge has Downstream.
type apiJob struct {
	ID            int          `json:"id"`
	Name          string       `json:"name"`
	Stage         string       `json:"stage"`
	Status        string       `json:"status"`
	Ref           string       `json:"ref"`
	AllowFailure  bool         `json:"allow_failure"`
	FailureReason string       `json:"failure_reason"`
	Created       time.Time    `json:"created_at"`
	Started       time.Time    `json:"started_at"`
	Finished      time.Time    `json:"finished_at"`
	Queued        float64      `json:"queued_duration"` // seconds
	WebURL        string       `json:"web_url"`
	User          *apiUser     `json:"user"`
	Commit        *apiCommit   `json:"commit"`
	Pipeline      apiPipeline  `json:"pipeline"`
	Downstream    *apiPipeline `json:"downstream_pipeline"`
	Tags          []string     `json:"tag_list"`
	Runner        *struct {
		Description string `json:"description"`
	} `json:"runner"`
	bridge bool
}

// docs.gitlab.com/api/environments
type apiEnvironment struct {
	ID       int            `json:"id"`
	Name     string         `json:"name"`
	State    string         `json:"state"`
	Tier     string         `json:"tier"`
	URL      string         `json:"external_url"`
	Created  time.Time      `json:"created_at"`
	Updated  time.Time      `json:"updated_at"`
	AutoStop time.Time      `json:"auto_stop_at"`
	Last     *apiDeployment `json:"last_deployment"`
}

// docs.gitlab.com/api/deployments
type apiDeployment struct {
	ID          int       `json:"id"`
	IID         int       `json:"iid"`
	Ref         string    `json:"ref"`
	SHA         string    `json:"sha"`
	Status      string    `json:"status"`
	Created     time.Time `json:"created_at"`
	Updated     time.Time `json:"updated_at"`
	User        *apiUser  `json:"user"`
	Environment struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	} `json:"environment"`
	Deployable *apiJob `json:"deployable"`
	Approvals  []struct {
		User    *apiUser  `json:"user"`
		Status  string    `json:"status"`
		Comment string    `json:"comment"`
		Created time.Time `json:"created_at"`
	} `json:"approvals"`
	Pending int `json:"pending_approval_count"`
}

// docs.gitlab.com/api/protected_environments (Premium)
type apiProtected struct {
	Name     string `json:"name"`
	Required int    `json:"required_approval_count"`
	Deploy   []struct {
		Description string `json:"access_level_description"`
	} `json:"deploy_access_levels"`
}

// docs.gitlab.com/api/personal_access_tokens
type apiToken struct {
	Name    string   `json:"name"`
	Scopes  []string `json:"scopes"`
	Expires string   `json:"expires_at"` // a day; "": never
	Active  bool     `json:"active"`
}

type apiVariable struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type apiSchedule struct {
	ID          int           `json:"id"`
	Description string        `json:"description"`
	Ref         string        `json:"ref"`
	Active      bool          `json:"active"`
	Variables   []apiVariable `json:"variables"`
}

type apiRef struct {
	Name      string    `json:"name"`
	Protected bool      `json:"protected"`
	Default   bool      `json:"default"`
	Commit    apiCommit `json:"commit"`
}

type apiCompare struct {
	Commits []apiCommit `json:"commits"`
}

type apiReport struct {
	Failed int `json:"failed_count"`
	Errors int `json:"error_count"`
	Suites []struct {
		Name  string    `json:"name"`
		Error looseText `json:"suite_error"`
		Cases []struct {
			Status string    `json:"status"`
			Name   string    `json:"name"`
			Class  string    `json:"classname"`
			File   string    `json:"file"`
			Output looseText `json:"system_output"`
			Stack  looseText `json:"stack_trace"`
		} `json:"test_cases"`
	} `json:"test_suites"`
}

// looseTime is a time that anybody can have written: that of a commit.
type looseTime struct{ time.Time }

// UnmarshalJSON leaves zero what is no time.
func (t *looseTime) UnmarshalJSON(b []byte) error {
	_ = json.Unmarshal(b, &t.Time)
	return nil
}

// looseText is a text that some servers write as an object or a list.
type looseText string

// UnmarshalJSON takes what there is of text.
func (t *looseText) UnmarshalJSON(b []byte) error {
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*t = looseText(words(v))
	return nil
}

func words(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []any:
		var parts []string
		for _, x := range v {
			parts = append(parts, words(x))
		}
		return strings.Join(parts, "\n")
	case map[string]any:
		return words(v["message"])
	}
	return ""
}

func (u *apiUser) name() string {
	if u == nil {
		return ""
	}
	return u.Username
}

// level is what the user may do in the project; 0: not told.
func (p *apiProject) level() int {
	if p.Permissions == nil {
		return 0
	}
	out := 0
	for _, a := range []*apiAccess{p.Permissions.Project, p.Permissions.Group} {
		if a != nil {
			out = max(out, a.Level)
		}
	}
	return out
}

// isOver reports whether a status of a pipeline or a job is an end.
func isOver(status string) bool {
	return slices.Contains([]string{"success", "failed", "canceled", "skipped"}, status)
}
