package text

func jsonFields(s string) ([]KV, bool) { return nil, false }
