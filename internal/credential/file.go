package credential

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

const maxFile = 1 << 20

// ReadFile reads a file that holds a secret, a token or a tool's
// configuration with tokens in it, and trims the space around it. It is refused
// when others on this machine may read or write it, or when it, or what a link
// stands for, belongs to another user; the *core.Problem says what repairs it.
// A missing file is fs.ErrNotExist.
func ReadFile(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if info, err := os.Stat(target); err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	} else if !info.Mode().IsRegular() { // before opening: a pipe would wait
		return "", unfit(path, "is not a regular file", text.Lit("name a file"))
	}
	f, err := os.Open(target)
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened, whatever stands at the path by now
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", unfit(path, "is not a regular file", text.Lit("name a file"))
	}
	if runtime.GOOS != "windows" {
		if uid, ok := owner(info); ok && uid != 0 && uid != os.Geteuid() {
			return "", unfit(path, "belongs to another user", text.Lit("copy it to a file of your own"))
		}
		if info.Mode().Perm()&0o077 != 0 {
			return "", unfit(path, "may be read by others on this machine", text.Sprintf("chmod 600 %s", shellWord(path)))
		}
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", fmt.Errorf("read the secret: %w", err)
	}
	if len(b) > maxFile {
		return "", unfit(path, "is too large to be it", text.Lit("is this the right file?"))
	}
	return strings.TrimSpace(string(b)), nil
}

func unfit(path, why string, fix text.Safe) error {
	return &core.Problem{
		Kind: core.Refused, Summary: text.Sprintf("%s %s: the secret in it is not used", path, why), Hint: fix,
		Cause: errors.New("unfit secret file"),
	}
}

// shellWord quotes s for a shell where it has to be.
func shellWord(s string) string {
	for _, r := range s {
		if !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+~:@%", r) {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return s
}
