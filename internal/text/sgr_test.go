package text

import "testing"

func TestSGR(t *testing.T) {
	for raw, want := range map[string]string{
		"\x1b[31mx":                        "«fg=1|x»",
		"\x1b[97;104mx":                    "«fg=15 bg=12|x»",
		"\x1b[1;2;3;4;7;9mx":               "«bold faint italic underline reverse strike|x»",
		"\x1b[1;2mx\x1b[22my":              "«bold faint|x»y",
		"\x1b[3;4;7;9m.\x1b[23;24;27;29mx": "«italic underline reverse strike|.»x",
		"\x1b[21mx\x1b[24my":               "«underline|x»y",
		"\x1b[4:3mx\x1b[4:0my":             "«underline|x»y",
		"\x1b[4:3;31mx":                    "«underline fg=1|x»",
		"\x1b[4;31mx":                      "«underline fg=1|x»",
		"\x1b[38;5;200mx":                  "«fg=200|x»",
		"\x1b[38:5:200mx":                  "«fg=200|x»",
		"\x1b[38;2;1;2;3mx":                "«fg=#010203|x»",
		"\x1b[38:2:1:2:3mx":                "«fg=#010203|x»",
		"\x1b[38:2::1:2:3mx":               "«fg=#010203|x»",
		"\x1b[38:2:0:1:2:3:0:0mx":          "«fg=#010203|x»",
		"\x1b[38:2::1:2:3;1mx":             "«bold fg=#010203|x»",
		"\x1b[38;5;9;48;2;0;0;200;1mx":     "«bold fg=9 bg=#0000c8|x»",
		"\x1b[58;5;9;1mx":                  "«bold|x»",
		"\x1b[58:2::1:2:3;1mx":             "«bold|x»",
		"\x1b[31m\x1b[39;42mx\x1b[49my":    "«bg=2|x»y",
		"\x1b[31mx\x1b[my":                 "«fg=1|x»y",
		"\x1b[31mx\x1b[0;my":               "«fg=1|x»y",
		"\x1b[31ma\x1b[0m\x1b[31mb":        "«fg=1|ab»",
		"\x1b[5;6;8mx":                     "x",
		"\x1b[31;41mx":                     "x",
		"\x1b[38;5;16;48;2;0;0;0mx":        "x",
		"\x1b[38;2;9;9;9;48;2;12;9;9mx":    "x",
		"\x1b[31;41mx\x1b[42my":            "x«fg=1 bg=2|y»",
		"\x1b[38mx":                        "x",
		"\x1b[38;5mx":                      "x",
		"\x1b[38;5;256;1mx":                "«bold|x»",
		"\x1b[38;2;1;2mx":                  "x",
		"\x1b[38;2;1;2;300mx":              "x",
		"\x1b[99999999999999999999mx":      "x",
		"\x1b[>4;1mx":                      "x",
		"\x1b[?1mx":                        "x",
		"\x1b[1 mx":                        "x",
		"\u009b1mx":                        "«bold|x»",
		"e\x1b[31m\u0301x":                 "e\u0301«fg=1|x»",
		"\x1b[31me\x1b[m\u0301x":           "«fg=1|e\u0301»x",
		"🇩\x1b[32m🇪x":                      "🇩🇪«fg=2|x»",
	} {
		if got := describe(CleanLine(raw)); got != want {
			t.Errorf("%q gives %s, want %s", raw, got, want)
		}
	}
}
