package argocd

// Hold keeps operations where they are until Step; off: they go on by
// themselves, one step with each request for the application.
func (w *World) Hold(on bool) { w.locked(func() { w.held = on }) }

// Step moves an application's operation on: asked for, running, done. Without
// one it does nothing.
func (w *World) Step(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.apps[name]; a != nil {
		w.step(a)
	}
}

// Fail ends an application's operation badly.
func (w *World) Fail(name, message string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.apps[name]
	if a.Operation != nil && !a.Status.State.busy() {
		w.step(a)
	}
	if !a.Status.State.busy() {
		return
	}
	s := *a.Status.State
	s.Phase, s.Message, s.FinishedAt = "Failed", message, stamp(w.o.Now())
	r := *s.SyncResult
	r.Resources = []resourceResult{{Group: "apps", Version: "v1", Kind: "Deployment", Namespace: a.Spec.Destination.Namespace, Name: a.Metadata.Name, Status: "SyncFailed", Message: message, HookPhase: "Failed", SyncPhase: "Sync"}}
	s.SyncResult = &r
	a.Status.State, a.Operation = &s, nil
	w.touch(a, "MODIFIED")
}

func (w *World) step(a *app) {
	now := stamp(w.o.Now())
	switch s := a.Status.State; {
	case s != nil && s.Phase == "Terminating":
		c := *s
		c.Phase, c.Message, c.FinishedAt = "Failed", "Operation terminated", now
		a.Status.State, a.Operation = &c, nil
	case s.busy():
		w.finish(a)
	case a.Operation != nil:
		op, what := *a.Operation, *a.Operation.Sync
		if what.Source == nil {
			what.Source = a.Spec.Source
		}
		op.Sync = &what
		a.Status.State = &operationState{
			Operation: op, Phase: "Running", Message: "waiting for completion of apps/Deployment/" + a.Metadata.Name, StartedAt: now,
			SyncResult: &syncResult{Revision: op.Sync.Revision, Source: *op.Sync.Source},
		}
	default:
		return
	}
	w.touch(a, "MODIFIED")
}

func (w *World) finish(a *app) {
	now := stamp(w.o.Now())
	s := *a.Status.State
	sync := s.Operation.Sync
	images := a.images[sync.Revision]
	s.Phase, s.Message, s.FinishedAt = "Succeeded", "successfully synced (all tasks run)", now
	s.SyncResult = &syncResult{Revision: sync.Revision, Source: *sync.Source, Resources: []resourceResult{{
		Group: "apps", Version: "v1", Kind: "Deployment", Namespace: a.Spec.Destination.Namespace, Name: a.Metadata.Name,
		Status: "Synced", Message: "deployment.apps/" + a.Metadata.Name + " configured", HookPhase: "Running", SyncPhase: "Sync", Images: images,
	}}}
	a.Status.State, a.Operation = &s, nil
	if sync.DryRun {
		return
	}
	last := a.Status.History[len(a.Status.History)-1]
	a.Status.History = append(append([]historyEntry(nil), a.Status.History...), historyEntry{
		Revision: sync.Revision, DeployedAt: now, DeployStartedAt: s.StartedAt, ID: last.ID + 1, Source: *sync.Source, InitiatedBy: s.Operation.InitiatedBy,
	})
	a.Status.Summary.Images = images
	a.Status.Health = health{Status: "Healthy", Since: now}
	a.workload().Health = &health{Status: "Healthy"}
	w.compare(a)
}
