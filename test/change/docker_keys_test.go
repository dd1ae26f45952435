package change

import (
	"testing"

	"devops-tui/test/docker"
	"devops-tui/test/program"
)

// TestTheKeysOfDocker walks through the change keys in one cockpit.
func TestTheKeysOfDocker(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-keys"
	one, two := w.image("change-keys:1"), w.imageWith("change-keys:2", "keys")
	w.container(name, dockertest.RunSpec{Image: "change-keys:1"})
	s := w.Cockpit(160, 45, "docker ●", "4", "Containers", "name:"+name, name)

	s.Plan("S", "stop", "kill") // several are possible: a menu
	s.Send("enter")
	s.Through()
	s.Healthy()
	w.want(name, state, "exited")
	s.Plan("U", program.Question, "start")
	s.Yes()
	s.Healthy()
	w.want(name, state, "running")

	s.Plan("D", program.GoesOn, "change-keys:2")
	s.Send("esc")
	w.Act("deploy", "container/"+name, "--set", "image=change-keys:2")
	w.want(name, ".Image", two)
	s.Plan("B", program.GoesOn, "change-keys:1")
	s.Proceed()
	s.Yes()
	s.Healthy()
	w.want(name, ".Image", one)
	s.Plan("U", program.Question)
	s.Yes()
	s.Healthy()
	w.want(name, ".Image", two)
}
