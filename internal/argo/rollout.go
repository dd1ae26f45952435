package argo

import (
	"strconv"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// Rollout is what is read of an Argo rollout.
type Rollout struct {
	Meta   Meta          `json:"metadata"`
	Spec   RolloutSpec   `json:"spec"`
	Status RolloutStatus `json:"status"`
}

// RolloutSpec is what a rollout should be.
type RolloutSpec struct {
	Replicas *int `json:"replicas"`
	Paused   bool `json:"paused"`
	Selector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	} `json:"selector"`
	WorkloadRef *struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"workloadRef"`
	Template struct {
		Spec struct {
			InitContainers []Container `json:"initContainers"`
			Containers     []Container `json:"containers"`
		} `json:"spec"`
	} `json:"template"`
	Strategy struct {
		Canary    *Canary    `json:"canary"`
		BlueGreen *BlueGreen `json:"blueGreen"`
	} `json:"strategy"`
	RestartAt Time `json:"restartAt"`
}

// Container is what is read of a container.
type Container struct {
	Name  string `json:"name"`
	Image string `json:"image"`
}

// Canary is the strategy of that name.
type Canary struct {
	Steps         []Step `json:"steps"`
	StableService string `json:"stableService"`
	CanaryService string `json:"canaryService"`
}

// BlueGreen is the strategy of that name.
type BlueGreen struct {
	ActiveService  string `json:"activeService"`
	PreviewService string `json:"previewService"`
	AutoPromotion  *bool  `json:"autoPromotionEnabled"` // nil: yes
}

// Step is one step of a canary: exactly one field is set.
type Step struct {
	SetWeight *int `json:"setWeight"`
	Pause     *struct {
		Duration Scalar `json:"duration"` // "": until it is promoted
	} `json:"pause"`
	Experiment *struct{} `json:"experiment"`
	Analysis   *struct {
		Templates []struct {
			TemplateName string `json:"templateName"`
		} `json:"templates"`
	} `json:"analysis"`
	SetCanaryScale *struct {
		Weight             *int `json:"weight"`
		Replicas           *int `json:"replicas"`
		MatchTrafficWeight bool `json:"matchTrafficWeight"`
	} `json:"setCanaryScale"`
	SetHeaderRoute *struct {
		Name string `json:"name"`
	} `json:"setHeaderRoute"`
	SetMirrorRoute *struct {
		Name string `json:"name"`
	} `json:"setMirrorRoute"`
	Plugin *struct {
		Name string `json:"name"`
	} `json:"plugin"`
}

// RolloutStatus is what the controller says.
type RolloutStatus struct {
	Phase              string           `json:"phase"` // Healthy, Progressing, Paused, Degraded
	Message            string           `json:"message"`
	Abort              bool             `json:"abort"`
	AbortedAt          Time             `json:"abortedAt"`
	PromoteFull        bool             `json:"promoteFull"`
	ControllerPause    bool             `json:"controllerPause"`
	PauseConditions    []PauseCondition `json:"pauseConditions"`
	ObservedGeneration Scalar           `json:"observedGeneration"`
	CurrentPodHash     string           `json:"currentPodHash"`
	StableRS           string           `json:"stableRS"`
	CurrentStep        *int             `json:"currentStepIndex"`
	Replicas           int              `json:"replicas"`
	Updated            int              `json:"updatedReplicas"`
	Ready              int              `json:"readyReplicas"`
	Available          int              `json:"availableReplicas"`
	RestartedAt        Time             `json:"restartedAt"`
	Conditions         []struct {
		Type    string `json:"type"`
		Status  string `json:"status"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
		At      Time   `json:"lastTransitionTime"`
	} `json:"conditions"`
	Canary struct {
		Weights *struct {
			Canary struct {
				Weight int `json:"weight"`
			} `json:"canary"`
			Stable struct {
				Weight int `json:"weight"`
			} `json:"stable"`
		} `json:"weights"`
		StepRun       *AnalysisStatus `json:"currentStepAnalysisRunStatus"`
		BackgroundRun *AnalysisStatus `json:"currentBackgroundAnalysisRunStatus"`
	} `json:"canary"`
	BlueGreen struct {
		Active  string          `json:"activeSelector"`
		Preview string          `json:"previewSelector"`
		PreRun  *AnalysisStatus `json:"prePromotionAnalysisRunStatus"`
		PostRun *AnalysisStatus `json:"postPromotionAnalysisRunStatus"`
	} `json:"blueGreen"`
}

// PauseCondition is why the controller waits.
type PauseCondition struct {
	Reason string `json:"reason"` // CanaryPauseStep, BlueGreenPause, InconclusiveAnalysisRun
	Start  Time   `json:"startTime"`
}

// AnalysisStatus is how an analysis of the rollout stands.
type AnalysisStatus struct {
	Name    string `json:"name"`
	Status  string `json:"status"`
	Message string `json:"message"`
}

// The names that the controller gives to what it makes.
const (
	RolloutRevision = "rollout.argoproj.io/revision" // annotation of rollouts, replica sets, analysis runs
	RolloutHash     = "rollouts-pod-template-hash"   // label of replica sets, pods, analysis runs
)

// DecodeRollout reads a rollout's JSON.
func DecodeRollout(b []byte) (*Rollout, error) {
	var r Rollout
	if err := decode("rollout", b, &r); err != nil {
		return nil, err
	}
	r.Complete()
	return &r, nil
}

// Complete fills in the phase of a decoded rollout whose controller does not
// name it.
func (r *Rollout) Complete() {
	if r.Status.Phase == "" && r.Status.ObservedGeneration != "" {
		r.Status.Phase = r.told()
	}
}

// told is the phase of a rollout whose controller does not name it, as those
// before 1.0 do not.
func (r *Rollout) told() string {
	st := &r.Status
	for _, c := range st.Conditions {
		if c.Type == "InvalidSpec" && c.Status == "True" || c.Type == "Progressing" && c.Status == "False" {
			if st.Message == "" {
				st.Message = c.Reason + ": " + c.Message
			}
			return "Degraded"
		}
	}
	switch {
	case len(st.PauseConditions) > 0:
		return "Paused"
	case r.Settled() && st.Available >= r.Desired():
		return "Healthy"
	}
	return "Progressing"
}

// Desired is the number of pods that are wanted.
func (r *Rollout) Desired() int {
	if r.Spec.Replicas == nil {
		return 1 // the API's default
	}
	return *r.Spec.Replicas
}

// Strategy is the strategy's name.
func (r *Rollout) Strategy() string {
	switch {
	case r.Spec.Strategy.Canary != nil:
		return "canary"
	case r.Spec.Strategy.BlueGreen != nil:
		return "blue/green"
	}
	return ""
}

// Steps are those of a canary.
func (r *Rollout) Steps() []Step {
	if c := r.Spec.Strategy.Canary; c != nil {
		return c.Steps
	}
	return nil
}

// Settled reports whether all runs the newest version.
func (r *Rollout) Settled() bool {
	return r.Status.StableRS != "" && r.Status.StableRS == r.Status.CurrentPodHash
}

// Seen reports whether the controller has looked at the newest spec.
func (r *Rollout) Seen() bool {
	if r.Status.ObservedGeneration == "" {
		return false
	}
	// Old controllers wrote a hash instead of a number.
	n, err := strconv.ParseInt(string(r.Status.ObservedGeneration), 10, 64)
	return err != nil || n >= r.Meta.Generation
}

// At is the step that the rollout is at, from 0, and how many there are; at ==
// of when all are through.
func (r *Rollout) At() (at, of int) {
	of = len(r.Steps())
	switch {
	case r.Settled() && !r.Status.Abort:
		at = of
	case r.Status.CurrentStep != nil:
		at = min(max(*r.Status.CurrentStep, 0), of)
	}
	return at, of
}

// Weight is the share of the canary in percent, and whether that can be told.
func (r *Rollout) Weight() (int, bool) {
	c := r.Spec.Strategy.Canary
	switch {
	case c == nil:
		return 0, false
	case r.Settled():
		return 100, true
	case r.Status.Canary.Weights != nil: // a traffic router says it
		return r.Status.Canary.Weights.Canary.Weight, true
	case r.Status.Abort:
		return 0, true
	}
	at, of := r.At()
	if of == 0 {
		return 0, false
	}
	w := 0
	for i := 0; i <= at && i < of; i++ {
		if s := c.Steps[i].SetWeight; s != nil {
			w = *s
		}
	}
	if at == of {
		w = 100
	}
	return w, true
}

// Waiting reports whether it waits until a human promotes it.
func (r *Rollout) Waiting() bool {
	if r.Status.Abort || r.Settled() {
		return false
	}
	for _, p := range r.Status.PauseConditions {
		switch p.Reason {
		case "CanaryPauseStep":
			if at, of := r.At(); at < of && r.Steps()[at].Pause != nil && r.Steps()[at].Pause.Duration != "" {
				continue // it goes on by itself
			}
			return true
		case "BlueGreenPause":
			if b := r.Spec.Strategy.BlueGreen; b != nil && b.AutoPromotion != nil && !*b.AutoPromotion {
				return true
			}
		default: // an analysis that told nothing
			return true
		}
	}
	return false
}

// PausedSince is when the pause that holds now began.
func (r *Rollout) PausedSince() Time {
	if len(r.Status.PauseConditions) > 0 {
		return r.Status.PauseConditions[0].Start
	}
	return Time{}
}

// Title says what the step does.
func (s *Step) Title() text.Safe {
	switch {
	case s.SetWeight != nil:
		return text.Sprintf("set weight %d%%", *s.SetWeight)
	case s.Pause != nil && s.Pause.Duration == "":
		return text.Lit("pause until promoted")
	case s.Pause != nil:
		d := string(s.Pause.Duration)
		if _, err := strconv.Atoi(d); err == nil {
			d += "s"
		}
		return text.Sprintf("pause %s", d)
	case s.Analysis != nil && len(s.Analysis.Templates) > 0:
		return text.Sprintf("analysis %s", s.Analysis.Templates[0].TemplateName)
	case s.Analysis != nil:
		return text.Lit("analysis")
	case s.Experiment != nil:
		return text.Lit("experiment")
	case s.SetCanaryScale != nil && s.SetCanaryScale.Weight != nil:
		return text.Sprintf("scale the canary to %d%%", *s.SetCanaryScale.Weight)
	case s.SetCanaryScale != nil && s.SetCanaryScale.Replicas != nil:
		return text.Sprintf("scale the canary to %d pods", *s.SetCanaryScale.Replicas)
	case s.SetCanaryScale != nil:
		return text.Lit("scale the canary with its traffic")
	case s.SetHeaderRoute != nil:
		return text.Sprintf("route by header %s", s.SetHeaderRoute.Name)
	case s.SetMirrorRoute != nil:
		return text.Sprintf("mirror route %s", s.SetMirrorRoute.Name)
	case s.Plugin != nil:
		return text.Sprintf("plugin %s", s.Plugin.Name)
	}
	return text.Lit("step")
}

// phase is the state in our words, with the controller's own word and its message.
func (r *Rollout) phase() (core.Phase, text.Safe, text.Safe) {
	st, own := &r.Status, text.CleanLong(r.Status.Message)
	switch {
	case !r.Meta.Deleted.IsZero():
		return core.Pending, text.Lit("Terminating"), text.Safe{}
	case st.Phase == "" && st.ObservedGeneration == "":
		return core.Pending, text.Lit("NotReconciled"), text.Lit("no rollouts controller has looked at it yet")
	case st.Abort:
		// the stable version serves on, as far as its pods do
		p := core.Degraded
		if st.Available == 0 && r.Desired() > 0 {
			p = core.Failed
		}
		return p, text.Lit("Aborted"), own
	case st.Phase == "Degraded":
		return core.Failed, text.Lit("Degraded"), own
	case r.Spec.Paused:
		return core.Pending, text.Lit("Paused"), text.Lit("paused by hand")
	case st.Phase == "Paused":
		return core.Pending, text.Lit("Paused"), own
	case !r.Seen():
		return core.Pending, text.Lit("Progressing"), text.Lit("waits for the controller to see the change")
	case st.Phase == "Healthy":
		return core.Running, text.Lit("Healthy"), text.Safe{}
	case st.Phase == "Progressing":
		return core.Pending, text.Lit("Progressing"), own
	}
	return core.Unknown, text.Clean(st.Phase), own
}

// Waits are what the rollout waits for from a human.
func (r *Rollout) Waits() []text.Safe {
	var out []text.Safe
	if r.Waiting() {
		out = append(out, text.Concat(text.Lit("promotion ("), r.Where(), text.Lit(")")))
	}
	if r.Spec.Paused {
		out = append(out, text.Lit("a resume: it was paused by hand"))
	}
	return out
}

// Where says how far the rollout is: "canary 25%, step 2 of 4".
func (r *Rollout) Where() text.Safe {
	if r.Spec.Strategy.BlueGreen != nil {
		return text.Lit("blue/green, the preview is up")
	}
	at, of := r.At()
	w, ok := r.Weight()
	switch {
	case ok && of > 0:
		return text.Sprintf("canary %d%%, step %d of %d", w, min(at+1, of), of)
	case ok:
		return text.Sprintf("canary %d%%", w)
	}
	return text.Lit("canary")
}
