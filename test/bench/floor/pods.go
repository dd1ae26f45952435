package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// row is what is kept of a pod.
type row struct {
	namespace, name, node, status string
	restarts                      int32
	created                       int64
}

// table holds the rows sorted by namespace and name.
type table struct {
	sync.Mutex
	rows []row
}

func compare(a, b row) int {
	if c := strings.Compare(a.namespace, b.namespace); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}

func (t *table) put(rows ...row) {
	t.Lock()
	defer t.Unlock()
	if len(rows) > 1 { // a page of a list
		t.rows = append(t.rows, rows...)
		slices.SortFunc(t.rows, compare)
		return
	}
	for _, r := range rows {
		i, found := slices.BinarySearchFunc(t.rows, r, compare)
		if found {
			t.rows[i] = r
		} else {
			t.rows = slices.Insert(t.rows, i, r)
		}
	}
}

func (t *table) remove(r row) {
	t.Lock()
	defer t.Unlock()
	if i, found := slices.BinarySearchFunc(t.rows, r, compare); found {
		t.rows = slices.Delete(t.rows, i, i+1)
	}
}

var intern = map[string]string{}

func interned(s string) string {
	if x, ok := intern[s]; ok {
		return x
	}
	intern[s] = strings.Clone(s)
	return intern[s]
}

func reduce(p *corev1.Pod) row {
	r := row{
		namespace: interned(p.Namespace), name: strings.Clone(p.Name), node: interned(p.Spec.NodeName),
		status: interned(string(p.Status.Phase)), created: p.CreationTimestamp.Unix(),
	}
	for _, c := range p.Status.ContainerStatuses {
		r.restarts += c.RestartCount
		if w := c.State.Waiting; w != nil {
			r.status = interned(w.Reason)
		}
	}
	if p.DeletionTimestamp != nil {
		r.status = "Terminating"
	}
	return r
}

// object takes the envelope off an encoded object.
func object(b []byte) ([]byte, error) {
	body, ok := bytes.CutPrefix(b, []byte("k8s\x00"))
	if !ok {
		return nil, fmt.Errorf("not protobuf: %.80q", b)
	}
	var u runtime.Unknown
	err := u.Unmarshal(body)
	return u.Raw, err
}

// watchPods lists all pods in pages and follows them.
func watchPods(server, caFile, token string, t *table, p *tea.Program) error {
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	get := func(query url.Values, accept string) (*http.Response, error) {
		req, err := http.NewRequest("GET", server+"/api/v1/pods?"+query.Encode(), nil)
		if err != nil {
			return nil, err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Accept", accept)
		res, err := client.Do(req)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("list pods: %s", res.Status)
		}
		return res, err
	}
	mark := make(chan struct{}, 1)
	go pace(p, mark, 100*time.Millisecond)
	next, version := "", ""
	for first := true; first || next != ""; first = false {
		res, err := get(url.Values{"limit": {"500"}, "continue": {next}}, "application/vnd.kubernetes.protobuf")
		if err != nil {
			return err
		}
		b, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			return err
		}
		raw, err := object(b)
		if err != nil {
			return err
		}
		var page corev1.PodList
		if err := page.Unmarshal(raw); err != nil {
			return err
		}
		rows := make([]row, len(page.Items))
		for i := range page.Items {
			rows[i] = reduce(&page.Items[i])
		}
		t.put(rows...)
		poke(mark)
		next, version = page.Continue, page.ResourceVersion
	}
	res, err := get(url.Values{"watch": {"1"}, "resourceVersion": {version}}, "application/vnd.kubernetes.protobuf;stream=watch")
	if err != nil {
		return err
	}
	return follows(bufio.NewReaderSize(res.Body, 64<<10), t, mark)
}

func follows(in io.Reader, t *table, mark chan<- struct{}) error {
	var size [4]byte
	var frame []byte
	for {
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return err
		}
		frame = slices.Grow(frame[:0], int(binary.BigEndian.Uint32(size[:])))[:binary.BigEndian.Uint32(size[:])]
		if _, err := io.ReadFull(in, frame); err != nil {
			return err
		}
		var event metav1.WatchEvent
		if err := event.Unmarshal(frame); err != nil {
			return err
		}
		raw, err := object(event.Object.Raw)
		if err != nil {
			return err
		}
		var pod corev1.Pod
		switch event.Type {
		case "ADDED", "MODIFIED":
			if err := pod.Unmarshal(raw); err != nil {
				return err
			}
			t.put(reduce(&pod))
		case "DELETED":
			if err := pod.Unmarshal(raw); err != nil {
				return err
			}
			t.remove(reduce(&pod))
		default:
			return fmt.Errorf("watch: %s", event.Type)
		}
		poke(mark)
	}
}
