package jenkins

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"devops-tui/internal/ci"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// job is what is known of a job between the polls.
type job struct {
	full, ns, name string // raw, as the API spells them
	class          string
	display        string // what people call it: the branch's own name where name is escaped
	project        string // the multibranch project that it is a branch of; "": none
	buildable      bool
	last           summary        // by the last sweep
	seen           summary        // last when its builds were read
	runs           map[int]ci.Run // by number
	staged         summary        // last when its stages were read
	row            ci.Workflow
	odd            bool // its builds could not be read
}

// queued is a queue item of a job.
type queued struct {
	full string
	run  ci.Run
}

func (j *job) isPipeline() bool { return strings.HasSuffix(j.class, ".WorkflowJob") }

// running are the numbers of the builds that go on, the lowest first.
func (j *job) running() (low int, any bool) {
	for n, r := range j.runs {
		if !r.Finished() && (!any || n < low) {
			low, any = n, true
		}
	}
	return low, any
}

// phases of a result.
func phaseOf(result string, building bool) (core.Phase, text.Safe) {
	switch {
	case building || result == "":
		return core.Pending, text.Lit("in_progress")
	case result == "SUCCESS":
		return core.Succeeded, text.Lit("success")
	case result == "UNSTABLE":
		return core.Degraded, text.Lit("unstable")
	case result == "FAILURE":
		return core.Failed, text.Lit("failure")
	case result == "ABORTED":
		return core.Succeeded, text.Lit("aborted")
	case result == "NOT_BUILT":
		return core.Succeeded, text.Lit("not_built")
	}
	return core.Unknown, text.Clean(strings.ToLower(result))
}

// stageOf is how far a run's stages are.
func stageOf(stages []apiStage) ci.Stage {
	s := ci.Stage{Total: len(stages)}
	for _, x := range stages {
		switch x.Status {
		case "SUCCESS", "UNSTABLE", "FAILED", "ABORTED":
			s.Done++
		}
		if x.Status != "NOT_EXECUTED" {
			s.At = x.Name
		}
	}
	return s
}

var (
	// secretName is how parameters are called whose values are shown nowhere.
	secretName = regexp.MustCompile(`(?i)(token|passw(or)?d|passphrase|secret|api[_-]?key|private[_-]?key|access[_-]?key|credential)s?$`)
	placeName  = regexp.MustCompile(`(?i)^(target_?|deploy_?)?(env|environment)(_?name)?$`)
	commitName = regexp.MustCompile(`(?i)^(git_?)?(commit|sha1?|rev|revision)(_?(id|sha|hash))?$`)
)

// run makes the row of a build.
func (s *Source) run(j *job, b *apiBuild) ci.Run {
	c := cause(b.Actions)
	r := ci.Run{
		Ref:    s.ref(ci.KindRun, j.ns, j.name+"/"+strconv.Itoa(b.Number), b.uid()),
		System: ID, Workflow: j.display, Number: strconv.Itoa(b.Number), Author: c.UserName, Event: event(c), URL: s.pageOf(j.full, b.Number),
		Created: b.began(), Started: b.began(), Ended: b.ended(), Mine: s.isMe(c.UserID), Rev: b.Result,
	}
	r.Phase, r.Reason = phaseOf(b.Result, b.Building)
	if b.Building {
		r.Rev = "building"
	}
	if b.Usual > 0 {
		r.Usual = time.Duration(b.Usual) * time.Millisecond
	}
	if j.project != "" {
		r.Branch = j.display
	}
	s.checkout(j, b, &r)
	params := parameters(b.Actions)
	for _, p := range params {
		v, ok := p.text()
		switch {
		case !ok:
		case placeName.MatchString(p.Name):
			r.Environment = v
		case r.Commit == "" && commitName.MatchString(p.Name):
			r.Commit = v
		}
	}
	commits := b.commits()
	for i, x := range commits {
		if i == 0 || x.ID == r.Commit {
			r.Title = x.Message
			if c.UserID == "" {
				r.Author = x.Author.Name
			}
		}
	}
	switch {
	case r.Title != "":
	case len(params) > 0:
		r.Title = brief(params)
	}
	if r.Title == "" {
		r.Title = c.Text
	}
	return r
}

// checkout takes the commit, branch and repository from what Git has left: of
// several, that of the job's own branch before that of a library.
func (s *Source) checkout(j *job, b *apiBuild, r *ci.Run) {
	for _, a := range b.Actions {
		if a.Revision == nil {
			continue
		}
		branch := ""
		if len(a.Revision.Branch) > 0 {
			branch = strings.TrimPrefix(strings.TrimPrefix(a.Revision.Branch[0].Name, "refs/remotes/"), "origin/")
		}
		own := j.project != "" && branch == j.display
		if r.Commit != "" && !own {
			continue
		}
		r.Commit = a.Revision.SHA
		if j.project == "" {
			r.Branch = branch
		}
		r.Repo = ""
		if len(a.Remotes) > 0 {
			r.Repo = repository(a.Remotes[0])
		}
		if own {
			return
		}
	}
}

// repository is host/path of a remote's address; "" where it has none.
func repository(remote string) string {
	var host, path string
	if u, err := url.Parse(remote); err == nil && u.Host != "" {
		host, path = u.Hostname(), u.Path
	} else if before, after, ok := strings.Cut(remote, ":"); ok && !strings.Contains(before, "/") { // git@host:path
		host, path = before[strings.LastIndexByte(before, '@')+1:], after
	}
	path = strings.Trim(strings.TrimSuffix(strings.Trim(path, "/"), ".git"), "/")
	if host == "" || path == "" {
		return ""
	}
	return strings.ToLower(host) + "/" + path
}

// brief are the first parameters in a line, without what may be secret.
func brief(params []apiValue) string {
	var parts []string
	for i := range params {
		p := &params[i]
		v, ok := p.text()
		if !ok || v == "" || p.isPassword() || secretName.MatchString(p.Name) {
			continue
		}
		v, _, _ = strings.Cut(v, "\n")
		parts = append(parts, p.Name+"="+cut(v, 60))
		if len(parts) == 4 {
			break
		}
	}
	return strings.Join(parts, " ")
}

// event is what started it, in a word.
func event(c apiCause) string {
	for part, word := range map[string]string{
		"UserIdCause": "user", "TimerTrigger": "schedule", "SCMTrigger": "push", "UpstreamCause": "upstream", "BranchEventCause": "push",
		"BranchIndexingCause": "indexing", "RemoteCause": "remote", "ReplayCause": "replay", "GitHubPushCause": "push", "GitLabWebHookCause": "push",
	} {
		if strings.Contains(c.Class, part) {
			return word
		}
	}
	return ""
}

func (s *Source) isMe(user string) bool { return user != "" && strings.EqualFold(user, s.server.user) }

// pageOf is the web page of a build; 0: of the job.
func (s *Source) pageOf(full string, number int) string {
	u := s.api.Base().JoinPath()
	path, raw := strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.EscapedPath(), "/")
	for _, p := range below(full) {
		path, raw = path+"/"+p, raw+"/"+url.PathEscape(p)
	}
	if number > 0 {
		n := "/" + strconv.Itoa(number)
		path, raw = path+n, raw+n
	}
	u.Path, u.RawPath = path+"/", raw+"/"
	return u.String()
}

// item makes the row of what waits in the queue.
func (s *Source) item(j *job, q *apiQueueItem) ci.Run {
	c := cause(q.Actions)
	id := strconv.FormatInt(q.ID, 10)
	r := ci.Run{
		Ref:    s.ref(ci.KindRun, j.ns, j.name+"/queue-"+id, "queue-"+id),
		System: ID, Workflow: j.display, Number: "", Author: c.UserName, Event: event(c), URL: s.pageOf(j.full, 0),
		Phase: core.Pending, Reason: text.Lit("queued"), Message: text.Clean(q.Why), Created: fromMillis(q.Since), Mine: s.isMe(c.UserID), Rev: "queued",
	}
	if j.project != "" {
		r.Branch = j.display
	}
	if r.Title = brief(parameters(q.Actions)); r.Title == "" {
		r.Title = c.Text
	}
	for _, p := range parameters(q.Actions) {
		if v, ok := p.text(); ok && placeName.MatchString(p.Name) {
			r.Environment = v
		}
	}
	return r
}

// workflowOf makes the row of a job.
func (s *Source) workflowOf(j *job) ci.Workflow {
	w := ci.Workflow{
		Ref:    s.ref(ci.KindWorkflow, j.ns, j.name, j.full),
		System: ID, Title: j.display, URL: s.pageOf(j.full, 0), Changed: fromMillis(j.last.Timestamp), Reason: text.Lit("not built"), Rev: j.last.Result,
	}
	if j.project != "" {
		w.Name, w.Branch = j.display, j.display
	}
	if j.last.Number > 0 {
		w.Phase, w.Reason = phaseOf(j.last.Result, j.last.Building)
	}
	if !j.buildable {
		w.Reason, w.Rev = disabledWord, "disabled"
	}
	return w
}

var disabledWord = text.Lit("disabled")
