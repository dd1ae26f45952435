//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const cgroupRoot = "/sys/fs/cgroup"

// mountCgroups mounts the control groups for the engine unless the machine has
// those of version 2: version 1 where the kernel offers it, else version 2. A
// machine's own version 1 is hidden by it: with a hybrid of both versions below
// one folder, engines of old miss memory kills.
func mountCgroups() error {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return nil
	}
	if err := syscall.Mount("tmpfs", cgroupRoot, "tmpfs", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "mode=755"); err != nil {
		return fmt.Errorf("mount %s: %w", cgroupRoot, err)
	}
	table, err := os.ReadFile("/proc/cgroups")
	if err != nil {
		return err
	}
	// runtimes look a container's groups up by way of the systemd hierarchy, which controls nothing
	hierarchies := map[string]string{"systemd": "none,name=systemd"}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line) // name, hierarchy, number of groups, enabled
		if len(f) == 4 && f[3] == "1" {
			hierarchies[f[0]] = f[0]
		}
	}
	memory := false
	for name, options := range hierarchies {
		dir := filepath.Join(cgroupRoot, name)
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		switch err := syscall.Mount("cgroup", dir, "cgroup", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, options); {
		case err == nil:
			memory = memory || name == "memory"
		case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EINVAL): // it belongs to version 2
			if err := os.Remove(dir); err != nil {
				return err
			}
		default:
			return fmt.Errorf("mount the %s control group: %w", name, err)
		}
	}
	if memory {
		return nil
	}
	if err := syscall.Mount("cgroup2", cgroupRoot, "cgroup2", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount the control groups: %w", err)
	}
	return nil
}
