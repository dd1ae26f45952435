package kube

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// kindRelease is a Helm release. The cluster has no such kind: Helm keeps each
// revision of a release in a secret of its own
// (https://helm.sh/docs/topics/advanced/#storage-backends), and a row is made of the
// metadata of those. Nothing of a secret's content is kept but the chart's name and versions.
const kindRelease = "release"

const (
	helmSecrets   = "owner=helm" // labels that Helm puts on them
	helmPrefix    = "sh.helm.release.v1."
	maxReleaseRev = 256 // revisions of one release that are looked at; Helm keeps 10 by default
)

var releaseKind = &kind{
	Kind: core.Kind{Name: kindRelease, Plural: "releases", Aliases: []string{"helm"}, Title: text.Lit("Helm releases"), Namespaced: true, Rank: 26, Columns: []core.Column{
		nameCol, statusCol, col("revision", "REVISION", core.Number), flex(col("chart", "CHART", core.Text)), col("app-version", "APP VERSION", core.Text), col("updated", "UPDATED", core.Age),
	}},
	version: "v1", resource: "secrets", gvkKind: "Secret", selector: helmSecrets,
	reduce: func(*reducer, []byte) (*core.Resource, error) { return nil, errWire }, // rows come from the release codec
}

// releaseRevision is one revision of a release, by its secret's metadata.
type releaseRevision struct {
	version int
	secret  string // name
	uid     string
	rev     string // resourceVersion
	status  string // Helm's word: deployed, superseded, failed, pending-upgrade
	created int64  // Unix nanoseconds
}

// releaseOf reads a secret's metadata; ok is false for secrets that are no release.
func releaseOf(m *tableMeta) (name string, r releaseRevision, ok bool) {
	name = m.Labels["name"]
	r = releaseRevision{secret: m.Name, uid: m.UID, rev: m.ResourceVersion, status: m.Labels["status"]}
	r.version, _ = strconv.Atoi(m.Labels["version"])
	if m.CreationTimestamp != nil {
		r.created = m.CreationTimestamp.UnixNano()
	}
	return name, r, name != "" && r.version > 0 && strings.HasPrefix(m.Name, helmPrefix)
}

// newestFirst sorts revisions.
func newestFirst(all []releaseRevision) []releaseRevision {
	slices.SortFunc(all, func(a, b releaseRevision) int { return b.version - a.version })
	return all
}

func releasePhase(status string) core.Phase {
	switch status {
	case "deployed":
		return core.Running
	case "failed":
		return core.Failed
	case "superseded", "uninstalled":
		return core.Succeeded
	case "uninstalling", "pending-install", "pending-upgrade", "pending-rollback":
		return core.Pending
	}
	return core.Unknown
}

// releaseRow is the row of a release: its newest revision. rev is the newest
// revision of all its secrets, which the watch goes by.
func (s *Source) releaseRow(namespace, name string, all []releaseRevision, rev string) *core.Resource {
	newest, oldest := all[0], all[len(all)-1]
	chart, _ := s.helm.chartOf(namespace, name, newest.version)
	r := &core.Resource{
		Ref: s.ref(kindRelease, intern(namespace), name, s.helm.uid(namespace, name)), Phase: releasePhase(newest.status), Reason: text.Clean(newest.status),
		Started: oldest.created, Changed: newest.created, Rev: rev, Facts: &core.Facts{Service: intern(name)},
	}
	if r.Phase == core.Pending {
		r.Message = text.Lit("an operation of Helm is under way, or was broken off")
	}
	r.Cells = []core.Cell{
		nameCell(r),
		{Text: r.Reason},
		{Text: text.Sprintf("%d", newest.version), Num: float64(newest.version)},
		{Text: text.Clean(chart.label())},
		{Text: text.Clean(chart.AppVersion)},
		{Num: float64(newest.created / 1e9)},
	}
	return r
}

// getRelease reads a release's row afresh.
func (s *Source) getRelease(ctx context.Context, ref core.Ref) (*core.Resource, error) {
	all, err := s.releaseRevisions(ctx, ref)
	if err != nil {
		return nil, err
	}
	if _, known := s.helm.chartOf(ref.Namespace, ref.Name, all[0].version); !known {
		if stored, err := s.storedRelease(ctx, ref.Namespace, all[0].secret); err == nil {
			s.helm.setChart(ref.Namespace, ref.Name, all[0].version, stored.Chart.Metadata)
		}
	}
	rev := all[0].rev
	for _, r := range all {
		if revision(r.rev) > revision(rev) {
			rev = r.rev
		}
	}
	return s.releaseRow(ref.Namespace, ref.Name, all, rev), nil
}

// describeRelease is a release's page: its history.
func (s *Source) describeRelease(ctx context.Context, ref core.Ref) (core.Document, error) {
	row, err := s.getRelease(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	all, err := s.releaseRevisions(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	p := &page{now: s.now()}
	p.section("Helm release " + ref.Name)
	p.field("Namespace", ref.Namespace)
	p.state(releaseKind, row)
	p.section("History")
	for i, r := range all {
		if i == 20 {
			p.line("  … %d older ones", len(all)-i)
			break
		}
		stored, err := s.storedRelease(ctx, ref.Namespace, r.secret)
		if err != nil {
			p.line("  %4d  %-16s %5s  %s", r.version, r.status, ago(s.since(r.created)), text.Error(err))
			continue
		}
		p.line("  %4d  %-16s %5s  %s  %s", r.version, r.status, ago(s.since(r.created)), stored.Chart.Metadata.label(), stored.Info.Description)
	}
	return core.Document{Title: text.Sprintf("release/%s", ref.Name), Lines: p.lines}, nil
}

// releaseManifest is what the newest revision has put into the cluster,
// without secrets.
func (s *Source) releaseManifest(ctx context.Context, ref core.Ref) (core.Document, error) {
	all, err := s.releaseRevisions(ctx, ref)
	if err != nil {
		return core.Document{}, err
	}
	stored, err := s.storedRelease(ctx, ref.Namespace, all[0].secret)
	if err != nil {
		return core.Document{}, err
	}
	var lines []string
	for i, o := range stored.objects() {
		if i > 0 {
			lines = append(lines, "---")
		}
		lines = append(lines, readable(o)...)
	}
	return core.Document{Title: text.Sprintf("release/%s", ref.Name), Syntax: "yaml", Lines: text.Document(strings.Join(lines, "\n"))}, nil
}
