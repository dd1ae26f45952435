package ci

import (
	"strings"

	"devops-tui/internal/core"
	"devops-tui/internal/text"
)

// LevelOf is the level of a line of a pipeline's log: the one that it names, or
// an error where a test tool says that something failed.
func LevelOf(line string) core.Level {
	if level := levels[text.DetectLevel(line)]; level != core.LevelNone {
		return level
	}
	if line = strings.TrimLeft(line, " \t"); line == "FAIL" {
		return core.LevelError
	}
	for _, head := range failures {
		if strings.HasPrefix(line, head) {
			return core.LevelError
		}
	}
	return core.LevelNone
}

// failures are how lines begin by which test tools say so: of Go, Jest, pytest and
// unittest.
var failures = []string{"--- FAIL: ", "FAIL\t", "FAIL ", "FAIL: ", "FAILED "}

// levels are core's levels by the names of package text.
var levels = map[string]core.Level{
	"trace": core.LevelTrace, "debug": core.LevelDebug, "info": core.LevelInfo,
	"warn": core.LevelWarn, "error": core.LevelError, "fatal": core.LevelFatal,
}
