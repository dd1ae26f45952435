package gitlab

import (
	"maps"
	"testing"
)

func TestEnvironmentsOfADefinition(t *testing.T) {
	for file, want := range map[string]map[string]string{
		"build: {script: [x]}\nship: {environment: production}\nreview:\n  environment:\n    name: review/$CI_COMMIT_REF_SLUG\n    url: https://x": {"ship": "production", "review": "review/$CI_COMMIT_REF_SLUG"},
		"stages: [a, b]\nship: {environment: {action: stop}}\nodd: {environment: [a]}\n":                                                           {},
		"- a\n- b":         {},
		"\t: not: yaml: {": {},
		"":                 {},
	} {
		if got := parseEnvironments([]byte(file)); !maps.Equal(got, want) {
			t.Errorf("%q: %v, want %v", file, got, want)
		}
	}
}
