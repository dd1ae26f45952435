package change

import (
	"testing"

	"devops-tui/test/docker"
)

// TestTheKeysOfDocker walks through the change keys in one cockpit.
func TestTheKeysOfDocker(t *testing.T) {
	w := newDocker(t, "")
	const name = "change-keys"
	one, two := w.image("change-keys:1"), w.imageWith("change-keys:2", "keys")
	w.container(name, dockertest.RunSpec{Image: "change-keys:1"})
	s := w.cockpit(160, 45, "docker ●", "4", "Containers", "name:"+name, name)

	s.plan("S", "stop", "kill") // several are possible: a menu
	s.Send("enter")
	s.through()
	s.healthy()
	w.want(name, state, "exited")
	s.plan("U", question, "start")
	s.yes()
	s.healthy()
	w.want(name, state, "running")

	s.plan("D", goesOn, "change-keys:2")
	s.Send("esc")
	w.act("deploy", "container/"+name, "--set", "image=change-keys:2")
	w.want(name, ".Image", two)
	s.plan("B", goesOn, "change-keys:1")
	s.proceed()
	s.yes()
	s.healthy()
	w.want(name, ".Image", one)
	s.plan("U", question)
	s.yes()
	s.healthy()
	w.want(name, ".Image", two)
}
