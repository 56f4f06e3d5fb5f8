package carboncache

import "testing"

// TestFloats reads what Python makes of {"datapoints": [(1768046400, 1.5),
// (1768046460, 46.0)]}. The second value has a "G" among its own bytes.
func TestFloats(t *testing.T) {
	pickle := "\x80\x02}q\x00X\n\x00\x00\x00datapointsq\x01]q\x02(J@?biG?\xf8\x00\x00\x00\x00\x00\x00\x86q\x03" +
		"J|?biG@G\x00\x00\x00\x00\x00\x00\x86q\x04es."
	got := floats([]byte(pickle))
	if !got[1.5] || !got[46] || len(got) > 3 {
		t.Errorf("got %v, want 1.5 and 46", got)
	}
}
