package text

func detectLevel(s string) string { return "" }
