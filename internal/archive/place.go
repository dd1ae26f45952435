package archive

import (
	"path"
	"path/filepath"
	"strings"
)

// place is where an entry belongs, relative to the archive's top entry, which is
// ".". It fails for a name that is not clearly the top or below it.
func place(raw, top string) (string, error) {
	if path.IsAbs(raw) || foreign(raw) || strings.Contains("/"+raw+"/", "/../") {
		return "", outside(raw)
	}
	rest, ok := strings.CutPrefix(path.Clean(raw), top)
	if !ok || rest != "" && rest[0] != '/' {
		return "", outside(raw)
	}
	name := filepath.FromSlash(path.Join(".", rest))
	if !filepath.IsLocal(name) { // on Windows also what names a device
		return "", outside(raw)
	}
	return name, nil
}

// within reports whether a link in folder dir leads to a place in the root that
// dir is relative to, all slashed. ".." counts only at the beginning: behind the
// name of another link it would lead somewhere else than it seems to.
func within(dir, link string) bool {
	if link == "" || path.IsAbs(link) || foreign(link) {
		return false
	}
	down := false
	for _, e := range strings.Split(link, "/") {
		switch {
		case e == "" || e == ".":
		case e != "..":
			down = true
		case down:
			return false
		}
	}
	return filepath.IsLocal(filepath.FromSlash(path.Join(dir, link)))
}

// foreign reports whether a name has the separator of this machine where tar
// means a plain character: systemd's units have backslashes in their names.
func foreign(name string) bool {
	return filepath.Separator != '/' && strings.ContainsRune(name, filepath.Separator)
}
