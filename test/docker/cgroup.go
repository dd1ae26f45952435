package dockertest

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroupDirs returns the directories that fit the pattern in every hierarchy of
// version 1, or in the one of version 2.
func cgroupDirs(pattern string) []string {
	v1, _ := filepath.Glob("/sys/fs/cgroup/*/" + pattern)
	v2, _ := filepath.Glob("/sys/fs/cgroup/" + pattern)
	return append(v1, v2...)
}

// removeCgroups removes the control groups that ended containers left. A group
// stays busy for a moment after its last process.
func removeCgroups(name string) {
	deadline := time.Now().Add(3 * time.Second)
	for {
		for _, root := range cgroupDirs(name) {
			removeTree(root)
		}
		if len(cgroupDirs(name)) == 0 || time.Now().After(deadline) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// thaw lets the paused containers below the groups of that name go on: a
// frozen process cannot be killed under version 1, and its namespace would
// never end.
func thaw(name string) {
	for _, root := range cgroupDirs(name) {
		_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Name() == "freezer.state" {
				_ = os.WriteFile(path, []byte("THAWED"), 0)
			}
			if err == nil && d.Name() == "cgroup.freeze" {
				_ = os.WriteFile(path, []byte("0"), 0)
			}
			return nil
		})
	}
}

// removeTree removes control groups from the deepest up: only they can be.
func removeTree(root string) {
	var dirs []string
	_ = filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	for i := len(dirs) - 1; i >= 0; i-- {
		_ = syscall.Rmdir(dirs[i])
	}
}

// sweepCgroups removes the groups of engines whose test process was killed.
func sweepCgroups() {
	for _, dir := range cgroupDirs(dirPrefix + "-*-*") {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix+"-"), "-")
		if pid, err := strconv.Atoi(owner); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			thaw(filepath.Base(dir))
			removeTree(dir)
		}
	}
}
