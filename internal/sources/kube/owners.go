package kube

import (
	"context"
	"net/url"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// releaseName is a Helm release as an object's annotations name it.
type releaseName struct{ namespace, name string }

func helmOwner(o tree) releaseName {
	notes := o.sub("metadata", "annotations")
	r := releaseName{scalar(notes["meta.helm.sh/release-namespace"]), scalar(notes["meta.helm.sh/release-name"])}
	if r.name != "" && r.namespace == "" {
		r.namespace = o.str("metadata", "namespace")
	}
	return r
}

// owners warns of the tools that keep the object as they know it, and says
// what each will do to the change and how to make it last. Unlike managers it asks
// the tools' own objects, for verbs that such a tool would silently take back.
// field is what the change sets: "spec", "template".
func (s *Source) owners(ctx context.Context, o tree, p *core.Plan, field ...string) {
	warn := func(w text.Safe) { p.Warnings = append(p.Warnings, w) }
	labels, notes := o.sub("metadata", "labels"), o.sub("metadata", "annotations")
	app := scalar(labels["argocd.argoproj.io/instance"])
	if id := scalar(notes["argocd.argoproj.io/tracking-id"]); id != "" {
		app, _, _ = strings.Cut(id, ":")
	}
	if app != "" {
		warn(s.argo(ctx, app))
	}
	for _, prefix := range []string{"kustomize", "helm"} {
		if name := scalar(labels[prefix+".toolkit.fluxcd.io/name"]); name != "" {
			warn(s.flux(ctx, prefix, scalar(labels[prefix+".toolkit.fluxcd.io/namespace"]), name))
		}
	}
	if r := helmOwner(o); r.name != "" {
		warn(text.Sprintf("managed by Helm (release %s): its next upgrade sets what the chart says", r.name))
	} else if scalar(labels["app.kubernetes.io/managed-by"]) == "Helm" {
		warn(text.Lit("managed by Helm: its next upgrade sets what the chart says"))
	}
	for _, m := range o.items("metadata", "managedFields") {
		path := []string{"fieldsV1"}
		for _, f := range field {
			path = append(path, "f:"+f)
		}
		if m.str("operation") == "Apply" && m.str("manager") != fieldManager && m.at(path...) != nil {
			warn(text.Sprintf("applied server-side by %s: its next apply meets a conflict with this change until it is forced", m.str("manager")))
		}
	}
	if w := controller(o); w != nil {
		warn(text.Sprintf("owned by %s %s, which may undo the change", w.str("kind"), w.str("name")))
	}
}

// argo says what Argo CD does, by the application's sync policy
// (https://argo-cd.readthedocs.io/en/stable/user-guide/auto_sync/).
func (s *Source) argo(ctx context.Context, app string) text.Safe {
	found := s.find(ctx, []string{"apis", "argoproj.io", "v1alpha1", "namespaces", "argocd", "applications", app}, []string{"apis", "argoproj.io", "v1alpha1", "applications"}, app)
	auto := found.sub("spec", "syncPolicy", "automated")
	switch {
	case found == nil: // it may be in another cluster
		return text.Sprintf("managed by Argo CD (application %s): if it syncs by itself it puts this back; change it in Git, or roll back the application", app)
	}
	// The application's own way back, which Argo CD agrees with.
	way := text.Sprintf("; the application is %s, and has a rollback of its own", s.ref(kindApplication, found.str("metadata", "namespace"), found.str("metadata", "name"), "").String())
	switch {
	case auto == nil || auto.str("enabled") == "false":
		return text.Concat(text.Sprintf("managed by Argo CD (application %s, syncs only when asked): it shows as out of sync, and the next sync puts this back", app), way)
	case auto.str("selfHeal") == "true":
		return text.Concat(text.Sprintf("managed by Argo CD (application %s, auto-sync with self-heal): it puts this back within seconds; change it in Git, or switch auto-sync off first", app), way)
	}
	return text.Concat(text.Sprintf("managed by Argo CD (application %s, auto-sync without self-heal): the next commit puts this back; change it in Git too", app), way)
}

// flux says what Flux does, by whether the owner is suspended
// (https://fluxcd.io/flux/components/kustomize/kustomizations/#suspend).
func (s *Source) flux(ctx context.Context, prefix, namespace, name string) text.Safe {
	kind, group, version := "kustomization", "kustomize.toolkit.fluxcd.io", "v1"
	if prefix == "helm" {
		kind, group, version = "helmrelease", "helm.toolkit.fluxcd.io", "v2"
	}
	if namespace == "" {
		namespace = "flux-system"
	}
	if o := s.find(ctx, []string{"apis", group, version, "namespaces", namespace, kind + "s", name}, nil, name); o.str("spec", "suspend") == "true" {
		return text.Sprintf("managed by Flux (%s %s, suspended): this holds until it is resumed; change it in Git before", kind, name)
	}
	return text.Sprintf("managed by Flux (%s %s): its next reconciliation puts this back; suspend it (flux suspend %s %s -n %s) or revert in Git", kind, name, kind, shellWord(name), shellWord(namespace))
}

// find reads an object at a place, else in a list by its name; nil: it is not
// there or may not be seen.
func (s *Source) find(ctx context.Context, place, list []string, name string) tree {
	if b, err := s.client.do(ctx, request{path: place}, nil); err == nil {
		o, _ := parseTree(b)
		return o
	}
	if list == nil {
		return nil
	}
	b, err := s.client.do(ctx, request{path: list, query: url.Values{"fieldSelector": {"metadata.name=" + name}, "limit": {"2"}}}, nil)
	if err != nil {
		return nil
	}
	o, err := parseTree(b)
	if err != nil {
		return nil
	}
	if items := o.items("items"); len(items) == 1 {
		return items[0]
	}
	return nil
}
