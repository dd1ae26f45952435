package argo

import (
	"slices"
	"strings"
)

// Application is what is read of an Argo CD application.
type Application struct {
	Meta      Meta              `json:"metadata"`
	Spec      ApplicationSpec   `json:"spec"`
	Operation *Operation        `json:"operation"` // asked for, and not begun
	Status    ApplicationStatus `json:"status"`
}

// ApplicationSpec is what an application should be.
type ApplicationSpec struct {
	Project     string      `json:"project"`
	Source      *Source     `json:"source"`
	Sources     []Source    `json:"sources"` // instead of Source
	Destination Destination `json:"destination"`
	SyncPolicy  *SyncPolicy `json:"syncPolicy"`
}

// Source is where manifests come from.
type Source struct {
	RepoURL        string `json:"repoURL"`
	Path           string `json:"path"`
	Chart          string `json:"chart"`
	TargetRevision string `json:"targetRevision"`
	Ref            string `json:"ref"`
}

// Destination is where they go.
type Destination struct {
	Server    string `json:"server"`
	Name      string `json:"name"` // of a cluster, instead of Server
	Namespace string `json:"namespace"`
}

// InCluster is the address by which Argo CD knows the cluster it lives in.
const InCluster = "https://kubernetes.default.svc"

// Local reports whether an application is deployed to the cluster that Argo CD
// lives in.
func (d Destination) Local() bool {
	return d.Name == "in-cluster" || d.Name == "" && (d.Server == "" || strings.TrimSuffix(d.Server, "/") == InCluster)
}

// SyncPolicy says when Argo CD syncs by itself.
type SyncPolicy struct {
	Automated   *Automated `json:"automated"`
	SyncOptions []string   `json:"syncOptions"`
}

// Automated is the policy of auto-sync.
type Automated struct {
	Prune    bool  `json:"prune"`
	SelfHeal bool  `json:"selfHeal"`
	Enabled  *bool `json:"enabled"` // nil: yes
}

// AutoSync reports whether Argo CD syncs the application by itself.
func (a *Application) AutoSync() bool {
	p := a.Spec.SyncPolicy
	return p != nil && p.Automated != nil && (p.Automated.Enabled == nil || *p.Automated.Enabled)
}

// AllSources are the sources of the spec; at least one.
func (a *Application) AllSources() []Source {
	switch {
	case len(a.Spec.Sources) > 0:
		return a.Spec.Sources
	case a.Spec.Source != nil:
		return []Source{*a.Spec.Source}
	}
	return []Source{{}}
}

// Multi reports whether the application has several sources.
func (a *Application) Multi() bool { return len(a.Spec.Sources) > 0 }

// Operation is a sync that is asked for, or was.
type Operation struct {
	Sync        *SyncOperation `json:"sync"`
	InitiatedBy Initiator      `json:"initiatedBy"`
}

// SyncOperation is what is to be synced.
type SyncOperation struct {
	Revision  string              `json:"revision"`
	Revisions []string            `json:"revisions"`
	Prune     bool                `json:"prune"`
	DryRun    bool                `json:"dryRun"`
	Resources []OperationResource `json:"resources"`
	Source    *Source             `json:"source"`
	Sources   []Source            `json:"sources"`
}

// OperationResource names one resource to sync.
type OperationResource struct {
	Group     string `json:"group"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Initiator is who asked.
type Initiator struct {
	Username  string `json:"username"`
	Automated bool   `json:"automated"`
}

// Who is the initiator's name: "auto-sync" for Argo CD itself, "" if nobody is named.
func (i Initiator) Who() string {
	if i.Automated {
		return "auto-sync"
	}
	return i.Username
}

// ApplicationStatus is what the controller says of an application.
type ApplicationStatus struct {
	Resources    []ResourceStatus `json:"resources"`
	Sync         SyncStatus       `json:"sync"`
	Health       Health           `json:"health"`
	History      []HistoryEntry   `json:"history"` // oldest first
	Conditions   []Condition      `json:"conditions"`
	ReconciledAt Time             `json:"reconciledAt"`
	Namespace    string           `json:"controllerNamespace"` // where Argo CD and its projects are
	State        *OperationState  `json:"operationState"`
	Summary      struct {
		Images       []string `json:"images"`
		ExternalURLs []string `json:"externalURLs"`
	} `json:"summary"`
}

// SyncStatus compares the cluster with Git.
type SyncStatus struct {
	Status    string   `json:"status"` // Synced, OutOfSync, Unknown
	Revision  string   `json:"revision"`
	Revisions []string `json:"revisions"`
}

// All are the revisions, one for each source.
func (s SyncStatus) All() []string {
	if len(s.Revisions) > 0 {
		return s.Revisions
	}
	if s.Revision == "" {
		return nil
	}
	return []string{s.Revision}
}

// Health is Argo CD's judgement.
type Health struct {
	Status  string `json:"status"` // Healthy, Progressing, Degraded, Suspended, Missing, Unknown
	Message string `json:"message"`
	Since   Time   `json:"lastTransitionTime"`
}

// ResourceStatus is one managed resource.
type ResourceStatus struct {
	Group           string  `json:"group"`
	Version         string  `json:"version"`
	Kind            string  `json:"kind"`
	Namespace       string  `json:"namespace"`
	Name            string  `json:"name"`
	Status          string  `json:"status"`
	Health          *Health `json:"health"`
	Hook            bool    `json:"hook"`
	RequiresPruning bool    `json:"requiresPruning"`
	SyncWave        int     `json:"syncWave"`
}

// Key is the resource as the argocd command line names it: GROUP:KIND:NAME, or
// GROUP:KIND:NAMESPACE/NAME.
func (r ResourceStatus) Key() string {
	if r.Namespace == "" {
		return r.Group + ":" + r.Kind + ":" + r.Name
	}
	return r.Group + ":" + r.Kind + ":" + r.Namespace + "/" + r.Name
}

// Condition is a remark of the controller.
type Condition struct {
	Type    string `json:"type"` // ends with Error or Warning
	Message string `json:"message"`
	At      Time   `json:"lastTransitionTime"`
}

// IsError reports whether a condition keeps the application from working.
func (c Condition) IsError() bool { return strings.HasSuffix(c.Type, "Error") }

// HistoryEntry is one deployment.
type HistoryEntry struct {
	ID          int64     `json:"id"`
	Revision    string    `json:"revision"`
	Revisions   []string  `json:"revisions"`
	DeployedAt  Time      `json:"deployedAt"`
	StartedAt   Time      `json:"deployStartedAt"`
	Source      Source    `json:"source"`
	Sources     []Source  `json:"sources"`
	InitiatedBy Initiator `json:"initiatedBy"`
}

// All are the entry's revisions, one for each source.
func (h HistoryEntry) All() []string {
	return SyncStatus{Revision: h.Revision, Revisions: h.Revisions}.All()
}

// OperationState is how the last operation went, or goes.
type OperationState struct {
	Operation  Operation   `json:"operation"`
	Phase      string      `json:"phase"` // Running, Terminating, Failed, Error, Succeeded
	Message    string      `json:"message"`
	StartedAt  Time        `json:"startedAt"`
	FinishedAt Time        `json:"finishedAt"`
	RetryCount int         `json:"retryCount"`
	SyncResult *SyncResult `json:"syncResult"`
}

// Busy reports whether the operation goes on.
func (s *OperationState) Busy() bool {
	return s != nil && (s.Phase == "Running" || s.Phase == "Terminating")
}

// Bad reports whether the operation ended badly.
func (s *OperationState) Bad() bool { return s != nil && (s.Phase == "Failed" || s.Phase == "Error") }

// SyncResult is what a sync did.
type SyncResult struct {
	Resources []ResourceResult `json:"resources"`
	Revision  string           `json:"revision"`
	Revisions []string         `json:"revisions"`
}

// All are the synced revisions, one for each source.
func (r *SyncResult) All() []string {
	if r == nil {
		return nil
	}
	return SyncStatus{Revision: r.Revision, Revisions: r.Revisions}.All()
}

// ResourceResult is what a sync did with one resource.
type ResourceResult struct {
	Group     string   `json:"group"`
	Version   string   `json:"version"`
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Status    string   `json:"status"` // Synced, SyncFailed, Pruned, PruneSkipped
	Message   string   `json:"message"`
	HookType  string   `json:"hookType"`
	HookPhase string   `json:"hookPhase"` // Running, Succeeded, Failed, Error, Terminating
	SyncPhase string   `json:"syncPhase"` // PreSync, Sync, PostSync, SyncFail
	Images    []string `json:"images"`
}

// Bad reports whether it went wrong.
func (r ResourceResult) Bad() bool {
	return r.Status == "SyncFailed" || r.HookPhase == "Failed" || r.HookPhase == "Error"
}

// Over reports whether the sync is through with it.
func (r ResourceResult) Over() bool {
	return r.HookPhase == "Succeeded" || r.Bad() || r.HookPhase == "" && r.Status != ""
}

// DecodeApplication reads an application's JSON.
func DecodeApplication(b []byte) (*Application, error) {
	var a Application
	if err := decode("application", b, &a); err != nil {
		return nil, err
	}
	return &a, nil
}

// Busy reports whether an operation goes on or is asked for.
func (a *Application) Busy() bool { return a.Operation != nil || a.Status.State.Busy() }

// Deployed is the newest entry of the history; nil: there is none.
func (a *Application) Deployed() *HistoryEntry {
	if n := len(a.Status.History); n > 0 {
		return &a.Status.History[n-1]
	}
	return nil
}

// OutOfSync are the managed resources that are not as Git says.
func (a *Application) OutOfSync() []ResourceStatus {
	return slices.DeleteFunc(slices.Clone(a.Status.Resources), func(r ResourceStatus) bool { return r.Status != "OutOfSync" })
}
