package contract

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Shape fails the test where body is not shaped like one of the recorded
// samples: every member of ours must be in a sample with the same type of JSON.
// Names of open maps can be left out as paths: "labels", "a.b". null fits all.
func Shape(tb testing.TB, body []byte, open []string, samples ...[]byte) {
	tb.Helper()
	if err := CheckShape(body, open, samples...); err != nil {
		tb.Errorf("%v\n%s", err, short(body))
	}
}

// CheckShape is Shape that returns what is wrong.
func CheckShape(body []byte, open []string, samples ...[]byte) error {
	var ours any
	if err := json.Unmarshal(body, &ours); err != nil {
		return fmt.Errorf("it is not JSON: %w", err)
	}
	known := &shape{}
	for i, s := range samples {
		var v any
		if err := json.Unmarshal(s, &v); err != nil {
			return fmt.Errorf("sample %d is not JSON: %w", i, err)
		}
		known.learn(v)
	}
	var wrong []string
	known.compare(ours, "", open, &wrong)
	if len(wrong) > 0 {
		return fmt.Errorf("not as recorded: %s", strings.Join(wrong[:min(len(wrong), 5)], "; "))
	}
	return nil
}

// shape is what the samples have at one place.
type shape struct {
	kinds   map[string]bool
	members map[string]*shape
	items   *shape
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	default:
		return "object"
	}
}

func (s *shape) learn(v any) {
	if s.kinds == nil {
		s.kinds = map[string]bool{}
	}
	s.kinds[kindOf(v)] = true
	switch v := v.(type) {
	case map[string]any:
		if s.members == nil {
			s.members = map[string]*shape{}
		}
		for k, item := range v {
			if s.members[k] == nil {
				s.members[k] = &shape{}
			}
			s.members[k].learn(item)
		}
	case []any:
		if s.items == nil {
			s.items = &shape{}
		}
		for _, item := range v {
			s.items.learn(item)
		}
	}
}

// compare reports where v has what the samples have not. Where they have only
// null or an empty array, anything may stand.
func (s *shape) compare(v any, at string, open []string, wrong *[]string) {
	kind := kindOf(v)
	if len(s.kinds) == 0 || kind == "null" || len(s.kinds) == 1 && s.kinds["null"] {
		return
	}
	if !s.kinds[kind] {
		*wrong = append(*wrong, fmt.Sprintf("%s is %s", strings.TrimPrefix(at, "."), kind))
		return
	}
	switch v := v.(type) {
	case map[string]any:
		for _, o := range open {
			if strings.TrimPrefix(at, ".") == o || strings.HasSuffix(at, "."+o) {
				return
			}
		}
		for k, item := range v {
			m := s.members[k]
			if m == nil {
				*wrong = append(*wrong, strings.TrimPrefix(at+"."+k, ".")+" is in no sample")
				continue
			}
			m.compare(item, at+"."+k, open, wrong)
		}
	case []any:
		for _, item := range v {
			s.items.compare(item, at, open, wrong)
		}
	}
}
