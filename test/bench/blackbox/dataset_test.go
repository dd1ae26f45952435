package blackbox

import "testing"

// BenchmarkDataset only makes the cached cluster of -pods pods.
func BenchmarkDataset(b *testing.B) { dataset(b, *pods) }
