package kube

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"devops-tui/internal/core"
	"devops-tui/internal/sources"
	"devops-tui/internal/sources/sourcetest"
	"devops-tui/internal/testkit"
	"devops-tui/test/cluster"
)

// talker is a pod whose container logs, restarts and ends by the clock, behind
// a server that cuts connections at any byte.
type talker struct {
	rng       *rand.Rand
	instances [][]said
	began     time.Time
	ends      []time.Time // of each instance
	gone      time.Time   // when the pod is deleted
	cuts      bool
	requests  int
}

type said struct {
	at   time.Time
	text string
}

func newTalker(seed uint64, instances int, cuts bool) *talker {
	s := &talker{rng: rand.New(rand.NewPCG(seed, 2)), began: time.Now(), cuts: cuts}
	at := time.Now()
	n := 0
	for range instances {
		var lines []said
		for range 5 + s.rng.IntN(60) {
			if s.rng.IntN(3) > 0 { // else: the same nanosecond
				at = at.Add(time.Duration(s.rng.IntN(300_000_000) + 1))
			}
			n++
			lines = append(lines, said{at, fmt.Sprintf("line %d", n)})
		}
		s.instances = append(s.instances, lines)
		at = at.Add(time.Duration(s.rng.IntN(3000)) * time.Millisecond)
		s.ends = append(s.ends, at)
		at = at.Add(time.Duration(100+s.rng.IntN(4000)) * time.Millisecond)
	}
	// The kubelet keeps one former instance: a reader that is quick enough
	// misses nothing.
	s.gone = at.Add(20 * time.Second)
	return s
}

func (s *talker) all() (out []string) {
	for _, i := range s.instances {
		for _, l := range i {
			out = append(out, l.text)
		}
	}
	return out
}

// current is the instance that runs, or ran last.
func (s *talker) current() int {
	n := 0
	for i := 1; i < len(s.instances); i++ {
		if !time.Now().Before(s.instances[i][0].at) {
			n = i
		}
	}
	return n
}

func (s *talker) pod() *corev1.Pod {
	n := s.current()
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "p", Namespace: "ns", UID: "u", CreationTimestamp: metav1.NewTime(s.began)}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c"}}, RestartPolicy: corev1.RestartPolicyAlways}}
	c := corev1.ContainerStatus{Name: "c", RestartCount: int32(n), State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(s.instances[n][0].at)}}}
	if time.Now().After(s.ends[n]) {
		c.State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", FinishedAt: metav1.NewTime(s.ends[n])}}
	}
	if n > 0 {
		c.LastTerminationState = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error", FinishedAt: metav1.NewTime(s.ends[n-1])}}
	}
	p.Status = corev1.PodStatus{Phase: corev1.PodRunning, ContainerStatuses: []corev1.ContainerStatus{c}}
	return p
}

func (s *talker) RoundTrip(r *http.Request) (*http.Response, error) {
	s.requests++
	if time.Now().After(s.gone) {
		return status(404, "NotFound"), nil
	}
	if !strings.HasSuffix(r.URL.Path, "/log") {
		raw, _ := s.pod().Marshal()
		return answer(200, envelope("Pod", raw), nil), nil
	}
	q := r.URL.Query()
	n := s.current()
	if q.Get("previous") != "" {
		if n == 0 {
			return status(400, "BadRequest"), nil
		}
		n--
	}
	since, _ := time.Parse(time.RFC3339, q.Get("sinceTime"))
	cut := -1
	if s.cuts && s.rng.IntN(3) > 0 {
		cut = s.rng.IntN(1500)
	}
	pr, pw := io.Pipe()
	go s.write(r.Context(), pw, n, since, q.Get("follow") != "", cut, s.rng.IntN(2) == 0)
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: pr, ProtoMajor: 1}, nil
}

func (s *talker) write(ctx context.Context, pw *io.PipeWriter, n int, since time.Time, follow bool, cut int, hard bool) {
	end := func(err error) { _ = pw.CloseWithError(err) }
	stop := context.AfterFunc(ctx, func() { end(ctx.Err()) })
	defer stop()
	for _, l := range s.instances[n] {
		if l.at.Before(since) {
			continue
		}
		if wait := time.Until(l.at); wait > 0 {
			if !follow {
				break
			}
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
		}
		b := []byte(l.at.UTC().Format("2006-01-02T15:04:05.000000000Z") + " " + l.text + "\n")
		if cut >= 0 && len(b) > cut {
			_, _ = pw.Write(b[:cut])
			if hard {
				end(io.ErrUnexpectedEOF)
			} else {
				// A proxy that ends the stream as if it were complete.
				_, _ = pw.Write(b[cut:])
				end(io.EOF)
			}
			return
		}
		cut -= len(b)
		if _, err := pw.Write(b); err != nil {
			return
		}
	}
	if follow {
		if wait := time.Until(s.ends[n]); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
		}
	}
	end(io.EOF)
}

func talkerSource(t testing.TB, rt http.RoundTripper) *Source {
	src := newScripted(1, true).source(t)
	src.client = &client{base: &url.URL{Scheme: "https", Host: "talker"}, http: &http.Client{Transport: rt}, conns: newConnTracker(nil), timeout: time.Minute}
	return src
}

// TestLogResumesExactly is promise 17: streams cut at any byte, lines of the
// same nanosecond, restarts in between: no gap, no duplicate.
func TestLogResumesExactly(t *testing.T) {
	for seed := range uint64(400) {
		synctest.Test(t, func(t *testing.T) {
			s := newTalker(seed, 1+int(seed%3), true)
			src := talkerSource(t, s)
			logs := &sourcetest.Logs{}
			err := src.Tail(t.Context(), core.LogRequest{Ref: src.ref("pod", "ns", "p", "u"), Container: "c", Tail: -1, Follow: true}, logs)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := logs.Texts(), s.all(); !slices.Equal(got, want) {
				gap := slices.ContainsFunc(logs.All(), func(l core.Line) bool { return l.Stream == core.Marker && strings.HasPrefix(l.Text.String(), "gap") })
				if !gap || duplicates(got) {
					t.Errorf("seed %d: got %d lines, want %d\n%v\n%v", seed, len(got), len(want), got, want)
				}
			}
			seq := uint64(0)
			for _, l := range logs.All() {
				if l.Seq <= seq {
					t.Fatalf("seed %d: sequence %d after %d", seed, l.Seq, seq)
				}
				seq = l.Seq
			}
		})
		if t.Failed() {
			return
		}
	}
}

func duplicates(l []string) bool {
	seen := map[string]bool{}
	for _, s := range l {
		if seen[s] {
			return true
		}
		seen[s] = true
	}
	return false
}

func TestLineReader(t *testing.T) {
	long := strings.Repeat("x", 3*maxLine)
	r := newLineReader(strings.NewReader("a\r\n\n" + long + "\nlast"))
	var got []string
	for {
		l, err := r.next()
		got = append(got, string(l))
		if err != nil {
			break
		}
	}
	if len(got) != 4 || got[0] != "a" || got[1] != "" || got[3] != "last" {
		t.Fatalf("%d lines", len(got))
	}
	if want := " … +" + strconv.Itoa(2*maxLine) + " bytes"; !strings.HasSuffix(got[2], want) || len(got[2]) != maxLine+len(want) {
		t.Errorf("long line: %d bytes, ends in %q", len(got[2]), got[2][maxLine:])
	}
}

// TestWorkloadLogs: the logs of a deployment's pods merged by time; pods that
// join are followed, pods that leave end with a marker.
func TestWorkloadLogs(t *testing.T) {
	c := cluster.Shared(t)
	ns := c.Namespace(t)
	deploy(t, c, cluster.Workload{Namespace: ns, Name: "app", Replicas: 2})
	if err := c.WaitReady(t.Context(), ns, "app", 2); err != nil {
		t.Fatal(err)
	}
	src := over(t, c.Kubeconfig, &sources.Gate{})
	pods := strings.Fields(kubectl(t, c, "-n", ns, "get", "pods", "-o", "name"))
	files := map[string]string{}
	at := time.Now().Add(-time.Minute)
	for i, p := range pods {
		p = strings.TrimPrefix(p, "pod/")
		f := filepath.Join(t.TempDir(), p)
		files[p] = f
		var lines string
		for n := range 20 { // pod 0 at even, pod 1 at odd tenths of a second
			lines += fmt.Sprintf("%s stdout F %d\n", at.Add(time.Duration(2*n+i)*100*time.Millisecond).UTC().Format("2006-01-02T15:04:05.000000000Z"), 2*n+i)
		}
		if err := os.WriteFile(f, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Apply(t.Context(), ns, fmt.Sprintf("{apiVersion: kwok.x-k8s.io/v1alpha1, kind: Logs, metadata: {name: %s}, spec: {logs: [{containers: [main], logsFile: %s, previousLogsFile: %s, follow: true}]}}", p, f, f)); err != nil {
			t.Fatal(err)
		}
	}
	ref := src.ref("deployment", ns, "app", "")
	history := func() []string {
		l := &sourcetest.Logs{}
		if err := src.Tail(t.Context(), core.LogRequest{Ref: ref, Tail: -1}, l); err != nil {
			t.Fatal(err)
		}
		return l.Texts()
	}
	testkit.PollTrue(t, 10*time.Second, "kwok serves the files", func() bool { return len(history()) == 40 })
	for i, s := range history() {
		if s != strconv.Itoa(i) {
			t.Fatalf("line %d is %q: not merged by time", i, s)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	logs := &sourcetest.Logs{}
	done := make(chan error, 1)
	go func() { done <- src.Tail(ctx, core.LogRequest{Ref: ref, Tail: 3, Follow: true}, logs) }()
	testkit.PollTrue(t, 10*time.Second, "the tails", func() bool { return len(logs.Texts()) == 6 })
	for p, f := range files {
		h, err := os.OpenFile(f, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(h, "%s stdout F more of %s\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z"), p)
		h.Close()
	}
	testkit.PollTrue(t, 10*time.Second, "the new lines", func() bool { return len(logs.Texts()) == 8 })
	marked := func(what string) func() bool {
		return func() bool {
			return slices.ContainsFunc(logs.All(), func(l core.Line) bool { return l.Stream == core.Marker && strings.Contains(l.Text.String(), what) })
		}
	}
	kubectl(t, c, "-n", ns, "scale", "deployment/app", "--replicas=3")
	testkit.PollTrue(t, 15*time.Second, "the third joins", marked(" joined"))
	victim := strings.TrimPrefix(pods[0], "pod/")
	kubectl(t, c, "-n", ns, "delete", "pod", victim)
	testkit.PollTrue(t, 15*time.Second, "the deleted one ends", marked("pod "+victim+" is gone"))
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// BenchmarkLogLines is what one line costs from the wire to the sink.
func BenchmarkLogLines(b *testing.B) {
	var body strings.Builder
	at := time.Now()
	for i := range 10_000 {
		fmt.Fprintf(&body, "%s level=info msg=\"request served\" path=/api/v1/orders status=200 seq=%d\n", at.Add(time.Duration(i)*time.Microsecond).UTC().Format("2006-01-02T15:04:05.000000000Z"), i)
	}
	text := body.String()
	src := talkerSource(b, roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), ProtoMajor: 1}, nil
	}))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		t := &tail{s: src, out: newMerger(discard{})}
		st := &stream{t: t, origin: &core.Origin{Ref: src.ref("pod", "ns", "p", "u"), Container: "c"}}
		if err := st.read(b.Context(), reading{tail: -1, emit: t.out.add}); err != nil {
			b.Fatal(err)
		}
		t.out.close()
	}
}

type discard struct{}

func (discard) Lines([]core.Line) {}
