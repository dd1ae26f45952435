//go:build unix

package credential

import (
	"io/fs"
	"syscall"
)

// owner is the user id that a file belongs to.
func owner(info fs.FileInfo) (int, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Uid), true
}
