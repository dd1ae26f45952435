package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	module   = "devops-tui"
	maxLines = 600 // of one file, unless it says why
)

// vagueNames tell nothing about what a package provides.
var vagueNames = []string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base"}

var (
	longReason = regexp.MustCompile(`(?m)^// Long: \S.{10,}$`)
	generated  = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)
)

// check returns what in the module at root breaks the rules, sorted.
func check(root string) (violations []string, err error) {
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != root && skipped(name, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(name) != ".go" {
			return nil
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		found, err := checkFile(filepath.ToSlash(file), content)
		violations = append(violations, found...)
		return err
	})
	slices.Sort(violations)
	return violations, err
}

// skipped reports folders that are none of this module's packages.
func skipped(dir, name string) bool {
	if name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil // a module of its own
}

func checkFile(file string, content []byte) (violations []string, err error) {
	add := func(format string, args ...any) {
		violations = append(violations, file+": "+fmt.Sprintf(format, args...))
	}
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	folder, isTest := path.Dir(file), strings.HasSuffix(file, "_test.go")
	for _, name := range []string{path.Base(folder), strings.TrimSuffix(f.Name.Name, "_test")} {
		if slices.Contains(vagueNames, name) {
			add("a package called %q: name it for what it provides", name)
			break
		}
	}
	r := roomOf(folder)
	if r == nil {
		add("its folder has no room in the import table")
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: import %s: %w", file, spec.Path.Value, err)
		}
		if r != nil && !r.allows(folder, imported, isTest) {
			add("%s may not import %s", r.folder, strings.TrimPrefix(imported, module+"/"))
		}
	}
	if n := bytes.Count(content, []byte("\n")); n > maxLines && !longReason.Match(content) && !generated.Match(content) {
		add("%d lines: split it, or say why in a line \"// Long: …\"", n)
	}
	if isTest {
		for _, pos := range sleeps(f) {
			add("line %d: time.Sleep in a test: wait for a state, or use testing/synctest", set.Position(pos).Line)
		}
	}
	return violations, nil
}

// roomOf returns the first room that fits the folder, nil if none does.
func roomOf(folder string) *room {
	for i := range table {
		if fits(table[i].folder, folder) {
			return &table[i]
		}
	}
	return nil
}

func (r *room) allows(folder, imported string, isTest bool) bool {
	own, ours := strings.CutPrefix(imported, module+"/")
	if !ours && !strings.Contains(strings.Split(imported, "/")[0], ".") {
		return imported != module // the standard library's first element has no dot
	}
	if ours {
		imported = own
	}
	if imported == folder || fits(r.folder, imported) && strings.HasSuffix(r.folder, "/...") && roomOf(imported) == r {
		return true // itself, from its tests or within its room
	}
	may := r.may
	if isTest {
		may = slices.Concat(may, r.tests, testTools)
	}
	return slices.ContainsFunc(may, func(pattern string) bool { return fits(pattern, imported) })
}

// fits reports whether a pattern of the table covers the path.
func fits(pattern, p string) bool {
	prefix, below := strings.CutSuffix(pattern, "/...")
	want, have := strings.Split(prefix, "/"), strings.Split(p, "/")
	if len(have) < len(want) || len(have) > len(want) && !below {
		return false
	}
	for i, w := range want {
		if w != "*" && w != have[i] {
			return false
		}
	}
	return true
}

// sleeps returns where the file uses time.Sleep, under whatever name it imports
// time. Inside a call of synctest.Test time is virtual, and a sleep costs nothing.
func sleeps(f *ast.File) (at []token.Pos) {
	name, bubble := importedAs(f, "time"), importedAs(f, "testing/synctest")
	if name == "" {
		return nil
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			return bubble == "" || !selects(n.Fun, bubble, "Test")
		case *ast.FuncDecl:
			return bubble == "" || !waits(n, bubble)
		case *ast.SelectorExpr:
			if selects(n, name, "Sleep") {
				at = append(at, n.Pos())
			}
		case *ast.Ident:
			if name == "." && n.Name == "Sleep" {
				at = append(at, n.Pos())
			}
		}
		return true
	})
	return at
}

// waits reports a function that calls synctest.Wait, which panics outside a bubble.
func waits(f *ast.FuncDecl, bubble string) (found bool) {
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			found = found || selects(s, bubble, "Wait")
		}
		return !found
	})
	return found
}

// importedAs returns the name under which the file imports a package, "" if it does not.
func importedAs(f *ast.File, imported string) string {
	for _, spec := range f.Imports {
		if spec.Path.Value != strconv.Quote(imported) {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return path.Base(imported)
	}
	return ""
}

func selects(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg
}
