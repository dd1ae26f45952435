package text

func logfmtFields(s string) ([]KV, bool) { return nil, false }
