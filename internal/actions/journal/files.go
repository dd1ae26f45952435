package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// checkDir makes the folder, or checks that it is ours alone.
func checkDir(dir string) error {
	fi, err := os.Lstat(dir)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return &Error{What: "cannot make the state folder", Cause: err}
		}
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
			return &Error{What: "cannot make the state folder", Cause: err}
		}
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
		fi, err = os.Lstat(dir)
	}
	if err != nil {
		return &Error{What: "cannot use the state folder", Cause: err}
	}
	switch {
	case fi.Mode()&os.ModeSymlink != 0:
		return &Error{What: dir + " is a symbolic link", Fix: "replace it by a folder: rm " + dir + " && mkdir -m 700 " + dir}
	case !fi.IsDir():
		return &Error{What: dir + " is not a folder", Fix: "mv " + dir + " " + dir + ".old"}
	}
	return checkOwned(dir, fi, "700")
}

// checkPath checks a file that may be absent.
func checkPath(path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &Error{What: "cannot use the journal", Cause: err}
	}
	return checkFile(path, fi)
}

func checkFile(path string, fi os.FileInfo) error {
	switch {
	case fi.Mode()&os.ModeSymlink != 0:
		return &Error{What: path + " is a symbolic link", Fix: "rm " + path}
	case !fi.Mode().IsRegular():
		return &Error{What: path + " is not a regular file", Fix: "mv " + path + " " + path + ".old"}
	}
	return checkOwned(path, fi, "600")
}

func checkOwned(path string, fi os.FileInfo, mode string) error {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Geteuid() {
		return &Error{What: fmt.Sprintf("%s belongs to user %d", path, st.Uid), Fix: fmt.Sprintf("sudo chown %d %s", os.Geteuid(), path)}
	}
	if fi.Mode().Perm()&0o077 != 0 {
		return &Error{What: fmt.Sprintf("%s can be used by others (mode %o)", path, fi.Mode().Perm()), Fix: "chmod " + mode + " " + path}
	}
	return nil
}

// openFile opens or makes a file of ours; the checks are on what was opened.
func openFile(path string, flags int) (f *os.File, created bool, err error) {
	if err := checkPath(path); err != nil {
		return nil, false, err
	}
	f, err = os.OpenFile(path, flags|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, os.ErrNotExist) {
		f, err = os.OpenFile(path, flags|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
		created = true
	}
	if err != nil {
		return nil, false, &Error{What: "cannot open " + path, Cause: err}
	}
	fi, err := f.Stat()
	if err == nil {
		err = checkFile(path, fi)
	}
	if err != nil {
		_ = f.Close()
		return nil, false, err
	}
	return f, created, nil
}

// openExisting opens a file of ours for reading; the checks are on what was
// opened.
func openExisting(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	fi, err := f.Stat()
	if err == nil {
		err = checkFile(path, fi)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func readAtMost(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		return nil, fmt.Errorf("it is longer than %d bytes", most)
	}
	return b, err
}

// writeSynced makes or replaces a file of ours and waits for the disk.
func writeSynced(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync %s: %w", dir, err)
	}
	return nil
}

// lock takes the lock of all processes, waiting at most limit.
func lock(path string, limit time.Duration) (unlock func(), err error) {
	f, _, err := openFile(path, os.O_RDWR)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(limit); ; {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { _ = f.Close() }, nil // closing unlocks
		case errors.Is(err, syscall.EINTR):
			continue
		case !errors.Is(err, syscall.EWOULDBLOCK) || time.Now().After(end):
			_ = f.Close()
			return nil, &Error{What: "another devops-tui holds the journal's lock", Fix: "fuser " + path + " names it", Cause: err}
		}
		time.Sleep(5 * time.Millisecond)
	}
}
