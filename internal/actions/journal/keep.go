package journal

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// What is kept for undo: at most so much, for so long.
const (
	keepName  = "undo"
	keepFiles = 200
	keepBytes = 64 << 20
	keepOne   = 8 << 20
	keepTime  = 30 * 24 * time.Hour
)

var keptHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Keep puts what undo needs, and the journal must not hold, into a private
// file beside it, and returns its hash when it is on the disk. The oldest are
// dropped beyond 200 files, 64 MiB or 30 days.
func (j *Journal) Keep(b []byte) (hash string, err error) {
	if len(b) > keepOne {
		return "", fmt.Errorf("%d bytes are too much to keep for undo, the most is %d", len(b), keepOne)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := checkDir(j.dir); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(j.dir, lockName), lockLimit)
	if err != nil {
		return "", err
	}
	defer unlock()
	dir := filepath.Join(j.dir, keepName)
	if err := checkDir(dir); err != nil {
		return "", err
	}
	hash = digest(b)
	path := filepath.Join(dir, hash)
	if err := checkPath(path); err != nil {
		return "", err
	}
	tmp := path + ".new"
	if err := checkPath(tmp); err != nil {
		return "", err
	}
	if err = writeSynced(tmp, b); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		_ = os.Remove(tmp)
		return "", fmt.Errorf("write %s: %w", path, err)
	}
	if err := syncDir(dir); err != nil {
		return "", err
	}
	dropOld(dir, hash, time.Now())
	return hash, nil
}

// Kept reads what Keep kept.
func (j *Journal) Kept(hash string) ([]byte, error) {
	if !keptHash.MatchString(hash) {
		return nil, fmt.Errorf("%q is no name of a kept file", hash)
	}
	path := filepath.Join(j.dir, keepName, hash)
	f, err := openExisting(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("it was kept for %d days, or gave way to newer ones", keepTime/(24*time.Hour))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := readAtMost(f, keepOne)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if digest(b) != hash {
		return nil, &Error{What: path + " was changed from outside", Fix: "rm " + path}
	}
	return b, nil
}

// dropOld removes what is beyond the bounds, but never the newest file.
func dropOld(dir, newest string, now time.Time) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // more is kept than need be
	}
	type file struct {
		name string
		at   time.Time
		size int64
	}
	var files []file
	for _, x := range entries {
		if fi, err := x.Info(); err == nil && x.Name() != newest {
			files = append(files, file{x.Name(), fi.ModTime(), fi.Size()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(a.name, b.name)) })
	count, total := 1, int64(0)
	if fi, err := os.Lstat(filepath.Join(dir, newest)); err == nil {
		total = fi.Size()
	}
	for _, f := range files {
		count, total = count+1, total+f.size
		if count > keepFiles || total > keepBytes || now.Sub(f.at) > keepTime {
			_ = os.Remove(filepath.Join(dir, f.name))
		}
	}
}
