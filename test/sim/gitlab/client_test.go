package gitlab_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"devops-tui/internal/testkit"
	"devops-tui/test/sim/gitlab"
)

// script drives the simulator with an independent client.
const script = `
import sys, time, gitlab
gl = gitlab.Gitlab(sys.argv[1], private_token=sys.argv[2])
gl.auth()
assert gl.user.username == 'kim', gl.user.username
assert [p.path_with_namespace for p in gl.projects.list(membership=True)] == ['acme/shop']
p = gl.projects.get('acme/shop')
assert p.id == gl.projects.get(p.id).id
new = p.pipelines.list(order_by='id', per_page=1, get_all=False)[0]
assert [x.source for x in p.pipelines.list(all=True)] == ['push', 'push']
jobs = {j.name: j for j in new.jobs.list()}
assert set(jobs) == {'build', 'deploy'}, jobs
assert [b.downstream_pipeline['source'] for b in new.bridges.list()] == ['parent_pipeline']
assert {v.key: v.value for v in new.variables.list()} == {'A': 'b'}
build = p.jobs.get(jobs['build'].id)
assert build.trace() == b'building\n', build.trace()
assert new.test_report.get().failed_count == 1
build.retry()
assert [j.status for j in new.jobs.list(include_retried=True) if j.name == 'build'] == ['pending', 'success']
made = p.pipelines.create({'ref': 'main', 'variables': [{'key': 'WHERE', 'value': 'eu'}]})
assert made.source == 'api' and {v.key: v.value for v in made.variables.list()} == {'WHERE': 'eu'}
made.cancel()
made.refresh()
assert made.status == 'canceled', made.status
made.retry()
assert p.pipelines.get(made.id).status in ('pending', 'running'), made.status
d = [x for x in p.deployments.list() if x.status == 'blocked'][-1]
job = p.jobs.get(d.deployable['id'])
try:
    job.play()
    assert False, 'a blocked job was played'
except gitlab.exceptions.GitlabJobPlayError as e:
    assert e.response_code == 400, e
gl.http_post('/projects/%d/deployments/%d/approval' % (p.id, d.id), post_data={'status': 'approved'})
assert p.jobs.get(job.id).status == 'manual'
job.play()
assert p.jobs.get(job.id).status == 'pending'
assert {e.name: e.state for e in p.environments.list()} == {'production': 'available', 'staging': 'available'}
[e for e in p.environments.list() if e.name == 'staging'][0].stop()
assert [e.name for e in p.environments.list(states='stopped')] == ['staging']
assert p.commits.get('main').title == 'New'
try:
    p.pipelines.create({'ref': 'nowhere'})
    assert False, 'a branch that is not there'
except gitlab.exceptions.GitlabCreateError as e:
    assert e.response_code == 400, e
try:
    gitlab.Gitlab(sys.argv[1], private_token='wrong').auth()
    assert False, 'a wrong token'
except gitlab.exceptions.GitlabAuthenticationError:
    pass
print('ok')
`

func TestPythonGitlabDrivesIt(t *testing.T) {
	python := "/usr/bin/python3"
	if exec.Command(python, "-c", "import gitlab").Run() != nil {
		testkit.Missing(t, "no python3-gitlab", "apt-get install python3-gitlab")
	}
	_, s, _ := full(t)
	file := filepath.Join(t.TempDir(), "drive.py")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, file, s.URL, gitlab.DefaultToken)
	cmd.Env = append(os.Environ(), "HTTP_PROXY=", "http_proxy=", "NO_PROXY=*")
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "ok") {
		t.Fatalf("%v\n%s", err, out)
	}
}
