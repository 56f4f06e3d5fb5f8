package carbon

import (
	"fmt"
	"testing"
	"time"
)

// A thousand machines begin to send within two thirds of a minute, in no second
// more of them than three times as many as on average over the whole minute.
func TestSpread(t *testing.T) {
	perSecond := make(map[time.Duration]int)
	for i := range 1000 {
		d := Offset(fmt.Sprintf("web%d.example\napache.web%d", i, i), Spread(time.Minute))
		if d < 0 || d >= 40*time.Second || d%time.Second != 0 {
			t.Fatalf("an offset of %s", d)
		}
		perSecond[d]++
	}
	if len(perSecond) != 40 {
		t.Errorf("they send in %d seconds of the minute, want all of 40", len(perSecond))
	}
	for second, n := range perSecond {
		if n > 3*1000/60 {
			t.Errorf("%d begin after %s", n, second)
		}
	}
}
