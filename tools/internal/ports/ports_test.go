package ports

import "testing"

// TestFree sees that no port is given out twice, though nobody listens on any.
func TestFree(t *testing.T) {
	seen := make(map[int]bool)
	for range 500 {
		port, err := Free()
		if err != nil {
			t.Fatal(err)
		}
		if port < lowest || port >= highest || seen[port] {
			t.Fatalf("port %d, the %dth, was given out before or is outside of %d-%d", port, len(seen)+1, lowest, highest)
		}
		if seen[port] = true; reserve(port) == nil {
			t.Fatalf("port %d, which was given out, can be reserved", port)
		}
	}
}
