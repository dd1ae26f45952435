package kube

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const (
	// maxRelease bounds a stored release once it is unpacked; packed it fits
	// into a secret of 1 MiB.
	maxRelease = 32 << 20
	// maxObjects bounds the objects of one manifest.
	maxObjects = 5000
)

// storedRelease is the part of Helm's record that is looked at: not the values.
type storedRelease struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	Info    struct {
		Status      string `json:"status"`
		Description string `json:"description"`
	} `json:"info"`
	Chart struct {
		Metadata chartInfo `json:"metadata"`
	} `json:"chart"`
	Manifest string `json:"manifest"`
}

// chartInfo is a chart's name and versions.
type chartInfo struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	AppVersion string `json:"appVersion"`
}

func (c chartInfo) label() string {
	if c.Name == "" {
		return ""
	}
	return c.Name + "-" + c.Version
}

// unpackRelease reads a release as Helm stores it: JSON, packed with gzip, in
// base64.
func unpackRelease(packed []byte) (*storedRelease, error) {
	b, err := base64.StdEncoding.DecodeString(string(packed))
	if err != nil {
		return nil, fmt.Errorf("decode the release: %w", err)
	}
	var r io.Reader = bytes.NewReader(b)
	if bytes.HasPrefix(b, []byte{0x1f, 0x8b, 0x08}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("unpack the release: %w", err)
		}
		r = z
	}
	limited := &io.LimitedReader{R: r, N: maxRelease}
	var out storedRelease
	if err := json.NewDecoder(limited).Decode(&out); err != nil {
		if limited.N <= 0 {
			err = errors.New("it has more than 32 MiB")
		}
		return nil, fmt.Errorf("read the release: %w", err)
	}
	return &out, nil
}

func (s *Source) storedRelease(ctx context.Context, namespace, secret string) (*storedRelease, error) {
	var o struct {
		Data struct {
			Release []byte `json:"release"`
		} `json:"data"`
	}
	b, err := s.client.do(ctx, request{path: builtinByName["secret"].object(core.Ref{Namespace: namespace, Name: secret})}, nil)
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot read Helm's record %s", secret), err)
	}
	defer clear(b)
	if err := json.Unmarshal(b, &o); err != nil {
		return nil, s.problem(text.Sprintf("cannot read Helm's record %s", secret), err)
	}
	defer clear(o.Data.Release)
	stored, err := unpackRelease(o.Data.Release)
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot read Helm's record %s", secret), err)
	}
	return stored, nil
}

// releaseRevisions lists a release's revisions by their secrets' metadata,
// newest first; a release without any does not exist.
func (s *Source) releaseRevisions(ctx context.Context, ref core.Ref) ([]releaseRevision, error) {
	if err := sameLife(ref, s.helm.uid(ref.Namespace, ref.Name)); err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Metadata tableMeta `json:"metadata"`
		} `json:"items"`
	}
	err := s.client.json(ctx, request{path: builtinByName["secret"].path(ref.Namespace), accept: acceptMetadata, query: url.Values{
		"labelSelector": {helmSecrets + ",name=" + ref.Name}, // all of them: the newest may be the last
	}}, &list)
	if err != nil {
		return nil, s.problem(text.Sprintf("cannot read the history of release %s", ref.Name), err)
	}
	var out []releaseRevision
	for i := range list.Items {
		if name, r, ok := releaseOf(&list.Items[i].Metadata); ok && name == ref.Name {
			out = append(out, r)
		}
	}
	if len(out) == 0 {
		return nil, &core.Problem{Kind: core.NotFound, Summary: text.Sprintf("there is no Helm release %s in %s", ref.Name, ref.Namespace), Hint: text.Sprintf("helm list -A; only releases that are kept in secrets are seen (HELM_DRIVER)")}
	}
	newestFirst(out)
	return out[:min(len(out), maxReleaseRev)], nil
}

// objects are the objects of a manifest; what is no object is left out.
func (r *storedRelease) objects() []tree {
	d := yaml.NewDecoder(strings.NewReader(r.Manifest))
	var out []tree
	for len(out) < maxObjects {
		var doc map[string]any
		if err := d.Decode(&doc); err != nil {
			return out // the end, or what is no YAML
		}
		b, err := json.Marshal(doc)
		if err != nil {
			continue
		}
		if o, err := parseTree(b); err == nil && o.str("kind") != "" {
			out = append(out, o)
		}
	}
	return out
}

// images are those of the pods of a manifest's workloads.
func (r *storedRelease) images() []string {
	var out []string
	for _, o := range r.objects() {
		for _, i := range imagesOf(o.sub("spec", "template")) {
			if !strings.Contains(strings.Join(out, " "), i) {
				out = append(out, i)
			}
		}
	}
	return out
}

func (s *Source) since(nanos int64) time.Duration { return s.now().Sub(time.Unix(0, nanos)) }
