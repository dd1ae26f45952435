package github

import (
	"archive/zip"
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"
)

const (
	blobPath = "/actions-results/"
	// blobLife is how long the address of a log can be used.
	blobLife = time.Minute
)

type blob struct {
	content []byte
	kind    string
	until   time.Time
}

// Blobs is the storage that the addresses of logs lead to. As GitHub's, it
// refuses requests with a credential of the API, and addresses older than a minute.
func (w *World) Blobs() http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.counts.Blobs++
		b, found := w.blobs[r.URL.Path+"?"+r.URL.RawQuery]
		switch {
		case r.Header.Get("Authorization") != "":
			w.counts.BlobCredentials++
			http.Error(out, "InvalidAuthenticationInfo", http.StatusUnauthorized)
		case !found || w.now().After(b.until):
			http.Error(out, "AuthenticationFailed: signature not valid in the specified time frame", http.StatusForbidden)
		default:
			out.Header().Set("Content-Type", b.kind)
			_, _ = out.Write(b.content)
		}
	})
}

// store keeps content for a minute and answers with its address.
func (c *call) store(content []byte, kind string) answer {
	id := c.w.id()
	at := fmt.Sprintf("%s%d?sig=%d", blobPath, id, id*7919)
	for k, b := range c.w.blobs {
		if c.w.now().After(b.until) {
			delete(c.w.blobs, k)
		}
	}
	c.w.blobs[at] = blob{content, kind, c.w.now().Add(blobLife)}
	base := c.w.blobURL
	if base == "" {
		base = c.web
	}
	return answer{status: http.StatusFound, header: http.Header{"Location": {base + at}}, bytes: []byte{}}
}

func (j *Job) text() []byte {
	if len(j.log) == 0 {
		return nil
	}
	return []byte("\ufeff" + strings.Join(j.log, "\n") + "\n")
}

func (c *call) jobLog(j *Job) answer {
	switch {
	case j.run.gone:
		return refused(http.StatusGone, "Server Error: the logs for this run have expired and are no longer available.")
	case c.token == nil:
		return refused(http.StatusForbidden, "Must have admin rights to Repository.")
	case j.status != "completed" || len(j.log) == 0:
		return notFound()
	}
	return c.store(j.text(), "text/plain")
}

// archive is the log of all jobs of an attempt: a file for each job and a
// folder with a file for each step, as GitHub packs them.
func (c *call) archive(r *Run, a *attempt) answer {
	switch {
	case r.gone:
		return refused(http.StatusGone, "Server Error: the logs for this run have expired and are no longer available.")
	case c.token == nil:
		return refused(http.StatusForbidden, "Must have admin rights to Repository.")
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	some := false
	for i, j := range a.jobs {
		if j.status != "completed" || len(j.log) == 0 {
			continue
		}
		some = true
		name := strings.NewReplacer("/", "", ":", "").Replace(j.Name)
		f, err := z.Create(fmt.Sprintf("%d_%s.txt", i, name))
		if err == nil {
			_, _ = f.Write(j.text())
		}
		for n, s := range j.steps {
			if f, err = z.Create(fmt.Sprintf("%s/%d_%s.txt", name, n+1, strings.ReplaceAll(s.name, "/", ""))); err == nil {
				_, _ = f.Write(j.text())
			}
		}
	}
	_ = z.Close()
	if !some {
		return notFound()
	}
	return c.store(b.Bytes(), "application/zip")
}
