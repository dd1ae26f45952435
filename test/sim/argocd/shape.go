package argocd

import "time"

// Application is the object, with the members that the simulator fills.
type Application struct {
	Metadata  metadata   `json:"metadata"`
	Spec      appSpec    `json:"spec"`
	Status    appStatus  `json:"status"`
	Operation *operation `json:"operation,omitempty"`
}

type metadata struct {
	Name            string            `json:"name"`
	Namespace       string            `json:"namespace"`
	UID             string            `json:"uid"`
	ResourceVersion string            `json:"resourceVersion"`
	Generation      int               `json:"generation"`
	Created         string            `json:"creationTimestamp"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
}

type appSpec struct {
	Source      *source     `json:"source,omitempty"`
	Destination destination `json:"destination"`
	Project     string      `json:"project"`
	SyncPolicy  *syncPolicy `json:"syncPolicy,omitempty"`
}

func (s *appSpec) auto() bool {
	p := s.SyncPolicy
	return p != nil && p.Automated != nil && (p.Automated.Enabled == nil || *p.Automated.Enabled)
}

type source struct {
	RepoURL        string `json:"repoURL"`
	Path           string `json:"path,omitempty"`
	TargetRevision string `json:"targetRevision,omitempty"`
}

type destination struct {
	Server    string `json:"server,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

type syncPolicy struct {
	Automated *automated `json:"automated,omitempty"`
}

type automated struct {
	Prune    bool  `json:"prune,omitempty"`
	SelfHeal bool  `json:"selfHeal,omitempty"`
	Enabled  *bool `json:"enabled,omitempty"`
}

type appStatus struct {
	Resources           []resourceStatus `json:"resources,omitempty"`
	Sync                syncStatus       `json:"sync"`
	Health              health           `json:"health"`
	History             []historyEntry   `json:"history,omitempty"`
	Conditions          []condition      `json:"conditions,omitempty"`
	ReconciledAt        string           `json:"reconciledAt,omitempty"`
	State               *operationState  `json:"operationState,omitempty"`
	SourceType          string           `json:"sourceType,omitempty"`
	Summary             summary          `json:"summary"`
	ControllerNamespace string           `json:"controllerNamespace,omitempty"`
}

type summary struct {
	Images []string `json:"images,omitempty"`
}

type syncStatus struct {
	Status     string     `json:"status"`
	ComparedTo comparedTo `json:"comparedTo"`
	Revision   string     `json:"revision,omitempty"`
}

type comparedTo struct {
	Source      source      `json:"source"`
	Destination destination `json:"destination"`
}

type health struct {
	Status  string `json:"status,omitempty"`
	Message string `json:"message,omitempty"`
	Since   string `json:"lastTransitionTime,omitempty"`
}

type resourceStatus struct {
	Group     string  `json:"group,omitempty"`
	Version   string  `json:"version,omitempty"`
	Kind      string  `json:"kind"`
	Namespace string  `json:"namespace,omitempty"`
	Name      string  `json:"name"`
	Status    string  `json:"status,omitempty"`
	Health    *health `json:"health,omitempty"`
}

type historyEntry struct {
	Revision        string    `json:"revision"`
	DeployedAt      string    `json:"deployedAt"`
	ID              int       `json:"id"`
	Source          source    `json:"source"`
	DeployStartedAt string    `json:"deployStartedAt,omitempty"`
	InitiatedBy     initiator `json:"initiatedBy"`
}

type initiator struct {
	Username  string `json:"username,omitempty"`
	Automated bool   `json:"automated,omitempty"`
}

type condition struct {
	Type    string  `json:"type"`
	Message string  `json:"message"`
	At      *string `json:"lastTransitionTime,omitempty"`
}

type operation struct {
	Sync        *syncOperation `json:"sync,omitempty"`
	InitiatedBy initiator      `json:"initiatedBy"`
	Retry       struct{}       `json:"retry"`
}

type syncOperation struct {
	Revision    string        `json:"revision,omitempty"`
	Prune       bool          `json:"prune,omitempty"`
	DryRun      bool          `json:"dryRun,omitempty"`
	Source      *source       `json:"source,omitempty"`
	Strategy    *syncStrategy `json:"syncStrategy,omitempty"`
	SyncOptions []string      `json:"syncOptions,omitempty"`
	Resources   []resourceKey `json:"resources,omitempty"`
}

type syncStrategy struct {
	Apply *force `json:"apply,omitempty"`
	Hook  *force `json:"hook,omitempty"`
}

type force struct {
	Force bool `json:"force,omitempty"`
}

type resourceKey struct {
	Group     string `json:"group,omitempty"`
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace,omitempty"`
}

type operationState struct {
	Operation  operation   `json:"operation"`
	Phase      string      `json:"phase"`
	Message    string      `json:"message,omitempty"`
	SyncResult *syncResult `json:"syncResult,omitempty"`
	StartedAt  string      `json:"startedAt"`
	FinishedAt string      `json:"finishedAt,omitempty"`
}

func (s *operationState) busy() bool {
	return s != nil && (s.Phase == "Running" || s.Phase == "Terminating")
}

type syncResult struct {
	Resources []resourceResult `json:"resources,omitempty"`
	Revision  string           `json:"revision"`
	Source    source           `json:"source"`
}

type resourceResult struct {
	Group     string   `json:"group"`
	Version   string   `json:"version"`
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Status    string   `json:"status,omitempty"`
	Message   string   `json:"message,omitempty"`
	HookPhase string   `json:"hookPhase,omitempty"`
	SyncPhase string   `json:"syncPhase,omitempty"`
	Images    []string `json:"images,omitempty"`
}

type revisionMetadata struct {
	Author  string `json:"author"`
	Date    string `json:"date"`
	Message string `json:"message"`
}

type syncWindow struct {
	Kind       string `json:"kind"`
	Schedule   string `json:"schedule"`
	Duration   string `json:"duration"`
	ManualSync bool   `json:"manualSync,omitempty"`
}

type event struct {
	Reason  string `json:"reason"`
	Message string `json:"message"`
	Type    string `json:"type"`
	Count   int    `json:"count"`
	First   string `json:"firstTimestamp"`
	Last    string `json:"lastTimestamp"`
}

type logEntry struct {
	Content string
	PodName string
	At      time.Time
}

type watchEvent struct {
	Type        string      `json:"type"`
	Application Application `json:"application"`
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
