package github

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strconv"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/rest"
	"devops-tui/internal/text"
)

const (
	maxArchive = 96 << 20 // as it comes
	maxEntries = 20000
)

// archived reads the logs of a finished run with many jobs as one archive. What
// it does not have is read job by job. Names in the archive are compared, never
// used as the name of a file.
func (t *tail) archived(ctx context.Context, w workflowRun, list []workflowJob) error {
	if t.only != 0 || len(list) < fromArchive || !t.over(list) || len(t.done) > 0 {
		return nil
	}
	p := in(t.req.Ref.Namespace, "actions", "runs", id(w.ID), "logs")
	if t.attempt > 0 {
		p = in(t.req.Ref.Namespace, "actions", "runs", id(w.ID), "attempts", strconv.Itoa(t.attempt), "logs")
	}
	body, _, err := t.s.client.Open(ctx, rest.Request{Path: p, Urgent: true})
	if err != nil {
		if rest.StatusOf(err) == 404 {
			return nil
		}
		return err
	}
	raw, err := io.ReadAll(io.LimitReader(body, maxArchive+1))
	body.Close()
	if err != nil || len(raw) > maxArchive {
		return ctx.Err() // it broke off or is too large: job by job
	}
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil || len(z.File) > maxEntries {
		return nil
	}
	files := topFiles(z)
	for i := range list {
		j := &list[i]
		f := files[entryName(j.Name)]
		if f == nil || j.Conclusion == "skipped" || strings.HasSuffix(t.names[i], " #2") {
			continue
		}
		if t.entry(f, t.origin(i, j)) {
			t.done[j.ID] = true
		}
	}
	return nil
}

// entry gives the lines of one file; false when it cannot be read from its start.
func (t *tail) entry(f *zip.File, o *core.Origin) bool {
	r, err := f.Open()
	if err != nil {
		return false
	}
	defer r.Close()
	out := &delivery{t: t}
	if err := out.read(r, o, maxLog); err != nil {
		if out.given == 0 {
			return false
		}
		t.mark(o, text.Lit("the archive of the logs is damaged here"))
	}
	out.flush()
	return true
}

// topFiles are the files of whole jobs, "0_build.txt", by the job's name; names
// that are there twice are left out.
func topFiles(z *zip.Reader) map[string]*zip.File {
	out := map[string]*zip.File{}
	twice := map[string]bool{}
	for _, f := range z.File {
		if strings.ContainsAny(f.Name, `/\`) || !strings.HasSuffix(f.Name, ".txt") {
			continue
		}
		_, name, ok := strings.Cut(strings.TrimSuffix(f.Name, ".txt"), "_")
		if !ok {
			continue
		}
		if out[name] != nil {
			twice[name] = true
		}
		out[name] = f
	}
	for n := range twice {
		delete(out, n)
	}
	return out
}

// entryName is a job's name as the archive spells it.
func entryName(job string) string {
	return strings.NewReplacer("/", "", `\`, "", ":", "", "<", "", ">", "", "|", "", "*", "", "?", "", `"`, "").Replace(job)
}
