package kube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"devops-tui/internal/core"
)

// bigApplication is an application as large ones are: 120 resources, a full
// history, managed fields; about 45 KB.
func bigApplication(i int) []byte {
	var res, hist []map[string]any
	for j := range 120 {
		res = append(res, map[string]any{"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "shop", "name": fmt.Sprintf("service-%d-%d", i, j), "status": "Synced", "health": map[string]any{"status": "Healthy"}, "syncWave": 1})
	}
	source := map[string]any{"repoURL": "https://git.acme.test/shop/web.git", "path": "deploy", "targetRevision": "main"}
	for j := range 10 {
		hist = append(hist, map[string]any{"id": j, "revision": revOne, "deployedAt": "2026-11-22T08:56:19Z", "deployStartedAt": "2026-11-22T08:56:18Z", "source": source, "initiatedBy": map[string]any{"username": "kim"}})
	}
	fields := map[string]any{}
	for j := range 400 {
		fields[fmt.Sprintf("f:field-%d", j)] = map[string]any{"f:deep": map[string]any{}}
	}
	b, _ := json.Marshal(map[string]any{
		"metadata": map[string]any{"name": fmt.Sprintf("app-%d", i), "namespace": "argocd", "uid": fmt.Sprint("uid-", i), "resourceVersion": fmt.Sprint(i), "creationTimestamp": "2026-11-22T08:56:19Z", "managedFields": []any{map[string]any{"manager": "argocd", "fieldsV1": fields}}},
		"spec":     map[string]any{"project": "default", "source": source, "destination": map[string]any{"server": "https://kubernetes.default.svc", "namespace": "shop"}},
		"status": map[string]any{
			"resources": res, "history": hist, "sync": map[string]any{"status": "Synced", "revision": revOne}, "health": map[string]any{"status": "Healthy"}, "reconciledAt": "2026-11-22T08:56:27Z",
			"operationState": map[string]any{"phase": "Succeeded", "startedAt": "2026-11-22T08:56:26Z", "finishedAt": "2026-11-22T08:56:26Z", "syncResult": map[string]any{"revision": revOne, "resources": res}},
			"summary":        map[string]any{"images": []string{fmt.Sprintf("registry.acme.test/shop/web:%d", i)}},
		},
	})
	return b
}

// applicationPages are the pages of a list of n applications.
func applicationPages(n int) (pages [][]byte, size int) {
	for i := 0; i < n; i += customPage {
		var b bytes.Buffer
		b.WriteString(`{"metadata":{"resourceVersion":"1"},"items":[`)
		for j := range customPage {
			if j > 0 {
				b.WriteByte(',')
			}
			b.Write(bigApplication(i + j))
		}
		b.WriteString(`]}`)
		pages, size = append(pages, b.Bytes()), size+b.Len()
	}
	return pages, size
}

// BenchmarkApplications lists 1,000 large applications.
func BenchmarkApplications(b *testing.B) {
	pages, size := applicationPages(1000)
	k := ownKinds["argoproj.io/applications"]
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		c := &customCodec{k, newReducer("test", time.Now)}
		for _, p := range pages {
			if _, err := c.page(p, func(row) {}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// TestApplicationsInMemory: what stays of 1,000 large applications is small.
func TestApplicationsInMemory(t *testing.T) {
	pages, size := applicationPages(1000)
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	c := &customCodec{ownKinds["argoproj.io/applications"], newReducer("test", time.Now)}
	rows := make([]*core.Resource, 0, 1000)
	for _, p := range pages {
		if _, err := c.page(p, func(r row) { rows = append(rows, r.Resource) }); err != nil {
			t.Fatal(err)
		}
	}
	kept := heap() - before
	runtime.KeepAlive(pages)
	runtime.KeepAlive(rows)
	t.Logf("%d applications of %d KB each: %d KB stay, %d bytes a row", len(rows), size/1000/len(rows), kept/1000, kept/uint64(len(rows)))
	if len(rows) != 1000 || kept > 5<<20 {
		t.Errorf("%d rows keep %d bytes", len(rows), kept)
	}
}
