package kube

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"devops-tui/internal/argo"
	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// argoRight is what the verbs of a kind of Argo need.
type argoRight struct {
	sub  string    // subresource: "/status"; "": the object itself
	does text.Safe // the verbs, as the user knows them
}

// argoChecks are what doctor looks for of Argo, by resource.
var argoChecks = []struct {
	resource string
	product  text.Safe
	usual    string // the namespace that has them usually; "": none
	rights   []argoRight
}{
	{"applications", text.Lit("Argo CD"), "argocd", []argoRight{{"", text.Lit("sync, terminate and roll back applications")}}},
	{"rollouts", text.Lit("Argo Rollouts"), "", []argoRight{
		{"/status", text.Lit("promote, abort and retry rollouts")}, {"", text.Lit("roll back, pause and restart rollouts")},
	}},
}

// diagnoseArgo asks whether the cluster has Argo's kinds, how many objects of
// them this user sees, and whether they may be changed: at most 10 requests,
// one where there is no Argo.
func (s *Source) diagnoseArgo(ctx context.Context, note func(core.FindingLevel, text.Safe, text.Safe)) {
	var has struct {
		Resources []struct{ Name string } `json:"resources"`
	}
	err := s.client.json(ctx, request{path: []string{"apis", argo.Group, argo.Version}}, &has)
	switch {
	case isStatus(err, http.StatusNotFound):
		note(core.FindingInfo, text.Lit("neither Argo CD nor Argo Rollouts is installed in this cluster"), text.Safe{})
		return
	case err != nil:
		p := s.problem(text.Lit("cannot ask for Argo's kinds"), err)
		note(core.FindingInfo, p.Summary, p.Hint)
		return
	}
	served := func(resource string) bool {
		return slices.ContainsFunc(has.Resources, func(r struct{ Name string }) bool { return r.Name == resource })
	}
	subject := sync.OnceValue(func() string { return s.subject(ctx) })
	for _, c := range argoChecks {
		if !served(c.resource) {
			note(core.FindingInfo, text.Concat(c.product, text.Lit(" is not installed in this cluster")), text.Safe{})
			continue
		}
		needs := []string{c.resource}
		for _, r := range c.rights {
			if r.sub != "" && served(c.resource+r.sub) {
				needs = append(needs, c.resource+r.sub)
			}
		}
		fix := func(namespace string) text.Safe { return grant(c.resource, namespace, needs, subject()) }
		seen, err := s.seeArgo(ctx, c.resource, c.usual)
		switch {
		case err != nil && !isStatus(err, http.StatusForbidden):
			p := s.problem(text.Sprintf("cannot list %s", c.resource), err)
			note(core.FindingInfo, p.Summary, p.Hint)
			continue
		case err != nil:
			note(core.FindingInfo, text.Concat(c.product, text.Sprintf(" is installed; may not list %s in %s", c.resource, seen.namespace)), fix(seen.namespace))
			continue
		case seen.count == 0:
			note(core.FindingOK, text.Concat(c.product, text.Sprintf(" is installed; there are no %s%s", c.resource, seen.where)), text.Safe{})
			continue
		}
		note(core.FindingOK, text.Concat(c.product, text.Sprintf(" is installed; %d %s%s", seen.count, c.resource, seen.where)), text.Safe{})
		for _, right := range c.rights {
			sub := strings.TrimPrefix(right.sub, "/")
			if sub != "" && !served(c.resource+right.sub) {
				sub = "" // an older definition: the status is part of the object
			}
			may, err := s.mayPatch(ctx, c.resource, sub, seen.namespace)
			switch {
			case err != nil:
				p := s.problem(text.Sprintf("cannot ask what is allowed with %s", c.resource), err)
				note(core.FindingInfo, p.Summary, p.Hint)
			case may:
				note(core.FindingOK, text.Concat(text.Lit("may "), right.does, text.Sprintf(" in %s", seen.namespace)), text.Safe{})
			default:
				note(core.FindingInfo, text.Concat(text.Lit("may not "), right.does, text.Sprintf(" in %s", seen.namespace)), fix(seen.namespace))
			}
		}
	}
}

// argoSeen is what a user sees of a resource of Argo.
type argoSeen struct {
	count     int
	namespace string    // one that has some, the context's own first; without any, the last that was tried
	where     text.Safe // empty: everywhere
}

// seeArgo counts the objects of a resource: everywhere, else where they are
// looked for.
func (s *Source) seeArgo(ctx context.Context, resource, usual string) (argoSeen, error) {
	places := []string{"", s.home}
	if s.pinned != nil {
		places = s.pinned[:1]
	} else if usual != "" && usual != s.home {
		places = []string{"", s.home, usual}
	}
	var seen argoSeen
	var forbidden error
	for _, ns := range places {
		path := []string{"apis", argo.Group, argo.Version}
		at := argoSeen{namespace: ns}
		if ns != "" {
			path = append(path, "namespaces", ns)
			at.where = text.Sprintf(" in %s", ns)
		}
		var list struct {
			Metadata struct {
				Remaining int `json:"remainingItemCount"`
			} `json:"metadata"`
			Items []struct {
				Metadata struct {
					Namespace string `json:"namespace"`
				} `json:"metadata"`
			} `json:"items"`
		}
		q := url.Values{"limit": {"20"}}
		err := s.client.json(ctx, request{path: append(path, resource), query: q, accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}, &list)
		if isStatus(err, http.StatusForbidden) {
			forbidden, seen.namespace = err, ns
			continue
		} else if err != nil {
			return seen, err
		}
		at.count = len(list.Items) + list.Metadata.Remaining
		for i, o := range list.Items {
			if i == 0 || o.Metadata.Namespace == s.home {
				at.namespace = o.Metadata.Namespace
			}
		}
		forbidden, seen = nil, at
		if at.count > 0 {
			break
		}
	}
	return seen, forbidden
}

// mayPatch asks for one right in one namespace
// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access).
func (s *Source) mayPatch(ctx context.Context, resource, sub, namespace string) (bool, error) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
		"spec": map[string]any{"resourceAttributes": map[string]string{
			"verb": "patch", "group": argo.Group, "version": argo.Version, "resource": resource, "subresource": sub, "namespace": namespace,
		}},
	})
	if err != nil {
		return false, err
	}
	var review struct {
		Status struct {
			Allowed bool `json:"allowed"`
		} `json:"status"`
	}
	err = s.client.json(ctx, request{method: http.MethodPost, path: []string{"apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"}, contentType: "application/json", body: body}, &review)
	return review.Status.Allowed, err
}

// grant is what somebody with the rights runs, so that a subject may look at
// and change the resources of Argo in a namespace.
func grant(name, namespace string, resources []string, subject string) text.Safe {
	list := make([]string, len(resources))
	for i, r := range resources {
		resource, sub, _ := strings.Cut(r, "/")
		list[i] = resource + "." + argo.Group
		if sub != "" {
			list[i] += "/" + sub
		}
	}
	role := "devops-tui-" + name
	return text.Sprintf("an administrator runs: kubectl create role %s -n %s --verb=get,list,watch,patch --resource=%s && kubectl create rolebinding %s -n %s --role=%s %s",
		role, shellWord(namespace), strings.Join(list, ","), role, shellWord(namespace), role, subject)
}

// subject is how kubectl names this user in a binding, as the server knows it
// (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review).
func (s *Source) subject(ctx context.Context) string {
	var review struct {
		Status struct {
			UserInfo struct {
				Username string `json:"username"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	body := []byte(`{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}`)
	err := s.client.json(ctx, request{method: http.MethodPost, path: []string{"apis", "authentication.k8s.io", "v1", "selfsubjectreviews"}, contentType: "application/json", body: body}, &review)
	user := review.Status.UserInfo.Username
	if err != nil || user == "" { // before Kubernetes 1.28
		return "--user=NAME"
	}
	if account, ok := strings.CutPrefix(user, "system:serviceaccount:"); ok {
		return "--serviceaccount=" + shellWord(account)
	}
	return "--user=" + shellWord(user)
}
