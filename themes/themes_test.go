package themes

import "testing"

func TestBuiltinThemesAreReadable(t *testing.T) {
	s, err := builtin()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range s.Names() {
		th, _ := s.Get(n)
		for _, b := range Check(th) {
			t.Errorf("%s: %s", n, b)
		}
	}
}
