package text

// KV is one field of a structured log line. Both are raw: clean them before
// drawing.
type KV struct{ Key, Value string }

// Fields parses a structured log line, a JSON object or logfmt, into its
// fields in the order they stand. ok is false if the line is neither.
func Fields(s string) (kv []KV, ok bool) {
	if kv, ok = jsonFields(s); ok {
		return kv, ok
	}
	return logfmtFields(s)
}
