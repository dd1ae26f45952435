// Package argo reads the objects of Argo CD and Argo Rollouts: applications,
// projects, rollouts and analysis runs. It is pure: who has the JSON, from a
// cluster or from Argo CD's API server, gets rows, trees, histories and
// explanations, the same for both.
//
// The types hold the fields that are looked at and no others, so that decoding
// drops the rest: an application of 60 KB becomes a row of 2 KB.
//
//   - applications and projects: https://argo-cd.readthedocs.io/en/stable/operator-manual/application.yaml
//   - rollouts: https://argo-rollouts.readthedocs.io/en/stable/features/specification/
package argo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unique"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// The kinds.
const (
	KindApplication = "application"
	KindRollout     = "rollout"
	KindAnalysisRun = "analysisrun"
)

// Group and Version are those of all kinds of Argo.
const (
	Group   = "argoproj.io"
	Version = "v1alpha1"
)

// Meta is what is read of an object's metadata.
type Meta struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	UID             string            `json:"uid"`
	ResourceVersion string            `json:"resourceVersion"`
	Generation      int64             `json:"generation"`
	Created         Time              `json:"creationTimestamp"`
	Deleted         Time              `json:"deletionTimestamp"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
	Finalizers      []string          `json:"finalizers"`
	Owners          []Owner           `json:"ownerReferences"`
}

// Owner is one owner reference.
type Owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Controller bool   `json:"controller"`
}

// Time is a point in time that may be missing; what cannot be read is missing.
type Time struct{ time.Time }

// UnmarshalJSON reads RFC 3339.
func (t *Time) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		return nil
	}
	t.Time, _ = time.Parse(time.RFC3339Nano, s)
	return nil
}

// Nano is t in Unix nanoseconds; 0: missing.
func (t Time) Nano() int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// Scalar is a value that is a number in some objects and a string in others:
// "10s", 10, "4".
type Scalar string

// UnmarshalJSON takes strings, numbers and booleans.
func (s *Scalar) UnmarshalJSON(b []byte) error {
	var str string
	switch {
	case bytes.Equal(b, []byte("null")):
	case json.Unmarshal(b, &str) == nil:
		*s = Scalar(str)
	case len(b) > 0 && b[0] != '{' && b[0] != '[':
		*s = Scalar(b)
	}
	return nil
}

func decode(what string, b []byte, v any) error {
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("decode the %s: %w", what, err)
	}
	return nil
}

func intern(s string) string {
	if s == "" {
		return ""
	}
	return unique.Make(s).Value()
}

func word(s string) core.Cell { return core.Cell{Text: text.Clean(intern(s))} }

func number(n int) core.Cell { return core.Cell{Text: text.Int(n), Num: float64(n)} }

func age(t time.Time) core.Cell {
	if t.IsZero() {
		return core.Cell{}
	}
	return core.Cell{Num: float64(t.Unix())}
}

// stages is the cell of something that goes in stages.
func stages(done, total int, at text.Safe) core.Cell {
	if total == 0 {
		return core.Cell{Text: at}
	}
	return core.Cell{Text: at, Num: float64(1000*min(total, maxStages) + min(done, total, maxStages))}
}

// maxStages is the most that fits into the cell.
const maxStages = 999

func took(from, to time.Time) core.Cell {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return core.Cell{}
	}
	d := to.Sub(from)
	return core.Cell{Text: text.Duration(d), Num: d.Seconds()}
}

// Short is a revision as it is drawn: a commit is cut, a chart's version is not.
func Short(revision string) string {
	if IsCommit(revision) {
		return revision[:7]
	}
	return revision
}

// IsCommit reports whether a revision is the full name of a commit.
func IsCommit(revision string) bool {
	return (len(revision) == 40 || len(revision) == 64) && strings.Trim(revision, "0123456789abcdef") == ""
}

// Repo is a repository's address as core.Facts has it: host/path. It is empty
// for what is not on a host.
func Repo(url string) string {
	s := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSpace(url), "/"), ".git")
	if scheme, rest, ok := strings.Cut(s, "://"); ok {
		if scheme == "file" {
			return ""
		}
		s = rest
		if at := strings.LastIndex(s, "@"); at >= 0 && at < strings.IndexByte(s+"/", '/') {
			s = s[at+1:]
		}
	} else if at := strings.IndexByte(s, '@'); at >= 0 { // git@host:path
		s = strings.Replace(s[at+1:], ":", "/", 1)
	}
	host, path, ok := strings.Cut(s, "/")
	if !ok || host == "" || path == "" {
		return ""
	}
	if h, port, ok := strings.Cut(host, ":"); ok && (port == "22" || port == "443" || port == "80") {
		host = h
	}
	return host + "/" + path
}

func firstOf(m map[string]string, keys ...string) string {
	for _, k := range keys {
		if v := m[k]; v != "" {
			return v
		}
	}
	return ""
}

// facts are those that labels and annotations tell.
func (m *Meta) facts() *core.Facts {
	return &core.Facts{
		Service:     intern(firstOf(m.Labels, "tags.datadoghq.com/service", "app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance")),
		Environment: intern(firstOf(m.Labels, "tags.datadoghq.com/env", "app.kubernetes.io/environment", "environment", "env", "stage")),
		Commit:      intern(firstOf(m.Annotations, "org.opencontainers.image.revision", "git-commit", "git/commit", "commit", "commit-sha", "vcs-ref")),
		Repo:        intern(Repo(firstOf(m.Annotations, "org.opencontainers.image.source", "git-repo", "git/repo", "repository"))),
	}
}
