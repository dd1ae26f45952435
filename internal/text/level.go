package text

// DetectLevel guesses a log line's level from its first 160 bytes: one of
// "trace", "debug", "info", "warn", "error", "fatal", or "" if there is none.
// It does not allocate.
func DetectLevel(s string) string { return detectLevel(s) }
