package sourcetest

import (
	"reflect"

	"devops-tui/internal/text"
)

// deepest bounds how far Drawn follows what refers to itself.
const deepest = 16

// Drawn returns every text of v that can come to the screen: those in what it
// points to, in exported fields, elements and map values.
func Drawn(v any) []string {
	var out []string
	drawn(reflect.ValueOf(v), &out, 0)
	return out
}

func drawn(v reflect.Value, out *[]string, depth int) {
	if depth > deepest || !v.IsValid() {
		return
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case text.Safe:
			*out = append(*out, x.String())
			return
		case text.Line:
			*out = append(*out, x.String())
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		drawn(v.Elem(), out, depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			drawn(v.Field(i), out, depth+1)
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			drawn(v.Index(i), out, depth+1)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			drawn(v.MapIndex(k), out, depth+1)
		}
	}
}
