package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
)

const (
	permitsFresh = 5 * time.Minute
	// maxNamespaces bounds how many namespaces are tried for somebody who may
	// not list all of them at once.
	maxNamespaces = 50
)

// permits caches what the user may do, by namespace, as the server's own
// rules review says. Asking changes nothing.
type permits struct {
	s *Source

	mu    sync.Mutex
	rules map[string]ruleSet // by namespace
	asked chan string        // namespaces somebody wants to know about
}

type ruleSet struct {
	at         time.Time
	rules      []authorizationv1.ResourceRule
	incomplete bool // a webhook authorizer decides more than it lists
}

func newPermits(s *Source) *permits {
	return &permits{s: s, rules: map[string]ruleSet{}, asked: make(chan string, 64)}
}

func (p *permits) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for ns, r := range p.rules {
		r.at = time.Time{} // still an answer, but asked again when used
		p.rules[ns] = r
	}
}

// run answers what Disabled wondered about.
func (p *permits) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case ns := <-p.asked:
			if _, ok := p.cached(ns, permitsFresh); ok {
				continue
			}
			if _, err := p.ask(ctx, ns); err != nil {
				pause(ctx, 5*time.Second, p.s.bell.wait())
			}
		}
	}
}

func (p *permits) cached(ns string, fresh time.Duration) (ruleSet, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.rules[ns]
	return r, ok && (fresh == 0 || time.Since(r.at) < fresh)
}

// ask sends a SelfSubjectRulesReview
// (https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access).
func (p *permits) ask(ctx context.Context, ns string) (ruleSet, error) {
	body, err := json.Marshal(map[string]any{
		"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": map[string]string{"namespace": ns},
	})
	if err != nil {
		return ruleSet{}, err
	}
	var review authorizationv1.SelfSubjectRulesReview
	err = p.s.client.json(ctx, request{method: http.MethodPost, path: []string{"apis", "authorization.k8s.io", "v1", "selfsubjectrulesreviews"}, contentType: "application/json", body: body}, &review)
	if err != nil {
		return ruleSet{}, fmt.Errorf("ask for the rules in %s: %w", ns, err)
	}
	r := ruleSet{time.Now(), review.Status.ResourceRules, review.Status.Incomplete}
	p.mu.Lock()
	p.rules[ns] = r
	p.mu.Unlock()
	return r, nil
}

// anyName stands for an object whose name is not known here.
const anyName = "*"

// allows reports whether the rules let one do verb with an object of a kind
// ("": with all of them).
func (r ruleSet) allows(verb string, k *kind, name string) bool {
	for i := range r.rules {
		rule := &r.rules[i]
		if has(rule.Verbs, verb) && has(rule.APIGroups, k.group) && has(rule.Resources, k.resource) &&
			(len(rule.ResourceNames) == 0 || name == anyName || slices.Contains(rule.ResourceNames, name)) {
			return true
		}
	}
	return false
}

func has(list []string, s string) bool { return slices.Contains(list, s) || slices.Contains(list, "*") }

// namespacesToList returns the namespaces in which k may be listed, for a user
// who may not list it everywhere: those that can be seen, else the context's own.
func (p *permits) namespacesToList(ctx context.Context, k *kind) []string {
	candidates := []string{p.s.home}
	var list struct {
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
		} `json:"items"`
	}
	if err := p.s.client.json(ctx, request{path: []string{"api", "v1", "namespaces"}, accept: "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}, &list); err == nil {
		for _, n := range list.Items {
			if n.Metadata.Name != p.s.home && len(candidates) < maxNamespaces {
				candidates = append(candidates, n.Metadata.Name)
			}
		}
	}
	var out []string
	for _, ns := range candidates {
		r, ok := p.cached(ns, permitsFresh)
		if !ok {
			var err error
			if r, err = p.ask(ctx, ns); err != nil {
				continue
			}
		}
		if r.allows("list", k, "") {
			out = append(out, ns)
		}
	}
	slices.Sort(out)
	return out
}
