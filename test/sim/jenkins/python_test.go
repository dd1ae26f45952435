package jenkins

import (
	"os/exec"
	"strings"
	"testing"

	"devops-tui/internal/testkit"
	"devops-tui/test/sim"
)

// script is what Debian's python3-jenkins is asked to do, an independent client.
const script = `
import sys, jenkins, time
s = jenkins.Jenkins(sys.argv[1], username=sys.argv[2], password=sys.argv[3])
print('me', s.get_whoami()['id'])
print('version', s.get_version())
print('jobs', ' '.join(sorted(j['fullname'] for j in s.get_all_jobs())))
print('info', s.get_job_info('team/deploy')['nextBuildNumber'])
item = s.build_job('team/deploy', {'VERSION': '1.4 & more'})
for _ in range(200):
    q = s.get_queue_item(item)
    if 'executable' in q and q['executable']:
        break
    print('why', q['why'])
    time.sleep(0.02)
n = q['executable']['number']
b = s.get_build_info('team/deploy', n)
print('build', n, b['building'], b['queueId'] == item)
print('value', [p['value'] for a in b['actions'] for p in a.get('parameters', []) if p['name'] == 'VERSION'][0])
print('console', s.get_build_console_output('team/deploy', n).splitlines()[0])
s.stop_build('team/deploy', n)
print('stopped', s.get_build_info('team/deploy', n)['result'])
print('nodes', len(s.get_nodes()), len(s.get_queue_info()))
try:
    s.get_build_info('team/deploy', 99)
except jenkins.JenkinsException as e:
    print('missing', e)
q = s.build_job('team/later')
try:
    s.cancel_queue(q)
except jenkins.EmptyResponseException: # this version takes 204 for no answer
    pass
print('cancelled', s.get_queue_item(q)['cancelled'])
`

// TestPythonJenkins drives the simulator with another client, with an API token
// and with a password, for which a crumb is wanted.
func TestPythonJenkins(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.CommandContext(t.Context(), python, "-c", "import jenkins").Run(); err != nil {
		testkit.Missing(t, "python3-jenkins is not installed", "apt-get install python3-jenkins")
	}
	file := t.TempDir() + "/client.py"
	if err := writeFile(file, script); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"11aa", "a-password"} {
		w := New(Options{Prefix: "/ci", Auto: true, Users: []User{{ID: "kim", Name: "Kim", Token: "11aa", Password: "a-password"}}})
		srv := sim.Start(t, w, sim.Options{})
		w.Pipeline("team/deploy", Param{Name: "VERSION", Kind: String, Default: "1"})
		w.Branch("team/shop", "feature/login")
		w.Freestyle("team/later")
		w.SetBusy("team/later", "Blocked by maintenance")
		out, err := exec.CommandContext(t.Context(), python, file, srv.URL+"/ci", "kim", secret).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{
			"version 2.504.3", "me kim", "jobs team team/deploy team/later team/shop team/shop/feature%2Flogin", "info 1", "build 1 True True",
			"value 1.4 & more", "console Started by user Kim", "stopped ABORTED", "nodes 2 0", "missing job[team/deploy] number[99] does not exist", "cancelled True",
		} {
			if !strings.Contains(string(out), want+"\n") {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
}
