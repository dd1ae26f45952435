package argo

import (
	"slices"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// AnalysisRun is what is read of an analysis run.
type AnalysisRun struct {
	Meta Meta `json:"metadata"`
	Spec struct {
		Metrics []struct {
			Name  string `json:"name"`
			Count Scalar `json:"count"`
		} `json:"metrics"`
		Terminate bool `json:"terminate"`
	} `json:"spec"`
	Status struct {
		Phase       string         `json:"phase"` // Pending, Running, Successful, Failed, Error, Inconclusive
		Message     string         `json:"message"`
		StartedAt   Time           `json:"startedAt"`
		CompletedAt Time           `json:"completedAt"`
		Metrics     []MetricResult `json:"metricResults"`
	} `json:"status"`
}

// MetricResult is how one metric fared.
type MetricResult struct {
	Name         string        `json:"name"`
	Phase        string        `json:"phase"`
	Message      string        `json:"message"`
	Count        int           `json:"count"`
	Successful   int           `json:"successful"`
	Failed       int           `json:"failed"`
	Inconclusive int           `json:"inconclusive"`
	Error        int           `json:"error"`
	DryRun       bool          `json:"dryRun"`
	Measurements []Measurement `json:"measurements"` // oldest first
}

// Measurement is one of a metric.
type Measurement struct {
	Phase      string `json:"phase"`
	Value      string `json:"value"`
	Message    string `json:"message"`
	StartedAt  Time   `json:"startedAt"`
	FinishedAt Time   `json:"finishedAt"`
}

// DecodeAnalysisRun reads an analysis run's JSON.
func DecodeAnalysisRun(b []byte) (*AnalysisRun, error) {
	var a AnalysisRun
	if err := decode("analysis run", b, &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// AnalysisColumns are the columns of the kind.
func AnalysisColumns() []core.Column {
	return []core.Column{
		{ID: "name", Title: text.Lit("NAME"), Type: core.Name, Flex: true},
		{ID: "system", Title: text.Lit("SYSTEM"), Type: core.Text, Wide: true},
		{ID: "owner", Title: text.Lit("ROLLOUT"), Type: core.Text},
		{ID: "number", Title: text.Lit("REVISION"), Type: core.Number},
		{ID: "status", Title: text.Lit("STATUS"), Type: core.Status},
		{ID: "stage", Title: text.Lit("METRICS"), Type: core.Stages},
		{ID: "passed", Title: text.Lit("PASSED"), Type: core.Number},
		{ID: "failed", Title: text.Lit("FAILED"), Type: core.Number},
		{ID: "title", Title: text.Lit("MESSAGE"), Type: core.Text, Flex: true},
		{ID: "duration", Title: text.Lit("DURATION"), Type: core.Duration},
		{ID: "age", Title: text.Lit("AGE"), Type: core.Age, Min: 4},
	}
}

func analysisPhase(status string) core.Phase {
	switch status {
	case "Running", "Pending", "":
		return core.Pending
	case "Successful":
		return core.Succeeded
	case "Inconclusive":
		return core.Degraded
	case "Failed", "Error":
		return core.Failed
	}
	return core.Unknown
}

// AnalysisRow is the row of an analysis run at ref; owner is filled in by who
// knows what the owner's ref is.
func AnalysisRow(a *AnalysisRun, ref core.Ref) *core.Resource {
	st := &a.Status
	r := &core.Resource{
		Ref: ref, Phase: analysisPhase(st.Phase), Reason: text.Clean(intern(st.Phase)), Message: text.CleanLong(st.Message).Truncate(300),
		Rev: a.Meta.ResourceVersion, Started: a.Meta.Created.Nano(), Changed: st.CompletedAt.Nano(), Facts: a.Meta.facts(),
	}
	if !a.Meta.Deleted.IsZero() {
		r.Phase, r.Reason = core.Pending, text.Lit("Terminating")
	}
	owner, done, passed, failed := "", 0, 0, 0
	for _, o := range a.Meta.Owners {
		if o.Controller {
			owner = o.Name
		}
	}
	for _, m := range st.Metrics {
		if p := analysisPhase(m.Phase); p != core.Pending {
			done++
		}
		passed += m.Successful
		failed += m.Failed + m.Error + m.Inconclusive
	}
	rev := core.Cell{}
	if n := revision(a.Meta.Annotations[RolloutRevision]); n > 0 {
		rev = number(n)
	}
	began := st.StartedAt.Time
	if began.IsZero() {
		began = a.Meta.Created.Time
	}
	r.Cells = []core.Cell{
		{Text: text.Clean(ref.Name)},
		word("rollouts"), word(owner), rev,
		{Text: r.Reason},
		stages(done, max(len(a.Spec.Metrics), len(st.Metrics)), r.Reason),
		number(passed), number(failed),
		{Text: r.Message},
		took(began, st.CompletedAt.Time), age(a.Meta.Created.Time),
	}
	return r
}

// Nodes are the run and its metrics with their last measurements, from depth on.
func (a *AnalysisRun) Nodes(ref core.Ref, depth int) []core.Node {
	st := &a.Status
	out := []core.Node{{
		Ref: ref, Depth: depth, Title: text.Sprintf("analysis %s", a.Meta.Name), Phase: analysisPhase(st.Phase), Reason: text.Clean(st.Phase),
		Message: text.CleanLong(st.Message), Started: st.StartedAt.Nano(), Ended: st.CompletedAt.Nano(),
	}}
	return append(out, a.metrics(depth+1)...)
}

// maxMeasurements is how many of a metric are shown.
const maxMeasurements = 3

func (a *AnalysisRun) metrics(depth int) []core.Node {
	var out []core.Node
	for i := range a.Status.Metrics {
		m := &a.Status.Metrics[i]
		n := core.Node{
			Depth: depth, Title: text.Sprintf("metric %s", m.Name), Phase: analysisPhase(m.Phase), Reason: text.Clean(m.Phase), Message: text.CleanLong(m.Message),
			Info: text.Sprintf("%d passed, %d failed", m.Successful, m.Failed),
		}
		if rest := m.Error + m.Inconclusive; rest > 0 {
			n.Info = text.Sprintf("%d passed, %d failed, %d inconclusive, %d errors", m.Successful, m.Failed, m.Inconclusive, m.Error)
		}
		if m.DryRun {
			n.Info = text.Concat(n.Info, text.Lit(", dry run"))
		}
		out = append(out, n)
		last := m.Measurements[max(0, len(m.Measurements)-maxMeasurements):]
		for j := range last {
			x := &last[len(last)-1-j] // the newest first
			title := text.Clean(x.Value)
			if title.Empty() {
				title = text.Clean(x.Phase)
			}
			out = append(out, core.Node{
				Depth: depth + 1, Title: title, Phase: analysisPhase(x.Phase), Reason: text.Clean(x.Phase), Message: text.CleanLong(x.Message),
				Started: x.StartedAt.Nano(), Ended: x.FinishedAt.Nano(), Closed: true,
			})
		}
	}
	return out
}

// Outline is the run's metrics.
func (a *AnalysisRun) Outline() core.Outline {
	return core.Outline{Nodes: a.metrics(0), Note: text.CleanLong(a.Status.Message), Done: analysisPhase(a.Status.Phase) != core.Pending}
}

// DecodeAnalysisRuns reads a list of analysis runs, the newest first.
func DecodeAnalysisRuns(b []byte) ([]*AnalysisRun, error) {
	var l struct {
		Items []*AnalysisRun `json:"items"`
	}
	if err := decode("list of analysis runs", b, &l); err != nil {
		return nil, err
	}
	l.Items = slices.DeleteFunc(l.Items, func(a *AnalysisRun) bool { return a == nil })
	slices.SortStableFunc(l.Items, func(a, b *AnalysisRun) int { return b.Meta.Created.Compare(a.Meta.Created.Time) })
	return l.Items, nil
}

// Explain tells why an analysis did not succeed.
func (a *AnalysisRun) Explain() core.Explanation {
	e := core.Explanation{Summary: text.Clean(a.Status.Phase)}
	if a.Status.Message != "" {
		e.Summary = text.Sprintf("%s: %s", a.Status.Phase, a.Status.Message)
	}
	for i := range a.Status.Metrics {
		m := &a.Status.Metrics[i]
		if p := analysisPhase(m.Phase); p != core.Failed && p != core.Degraded || len(e.Annotations) == maxAnnotations {
			continue
		}
		e.Annotations = append(e.Annotations, core.Annotation{Level: core.LevelError, Title: text.Sprintf("metric %s is %s", m.Name, m.Phase), Message: m.last()})
	}
	return e
}

// last is what the metric's last measurement said.
func (m *MetricResult) last() text.Safe {
	n := len(m.Measurements)
	if n == 0 {
		return text.CleanLong(m.Message)
	}
	x := m.Measurements[n-1]
	return text.Sprintf("%d of %d failed; the last one: %s", m.Failed+m.Error, m.Count, strings.TrimSpace(x.Phase+" "+x.Value+" "+x.Message))
}
