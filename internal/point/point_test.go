package point

import (
	"bytes"
	"context"
	"errors"
	"testing"
)

func TestAppend(t *testing.T) {
	for _, c := range []struct {
		p    Point
		want string
	}{
		{Point{Series: "a.b.count", Value: 0, Time: 60}, "a.b.count 0 60\n"},
		{Point{Series: "a", Value: 1 << 53, Time: 1768046400}, "a 9007199254740992 1768046400\n"},
		{Point{Series: "a", Value: 1e21, Time: 60}, "a 1000000000000000000000 60\n"},
		{Point{Series: "a", Value: 0.125, Time: 60}, "a 0.125 60\n"},
		{Point{Series: "a", Value: -3, Time: 60}, "a -3 60\n"},
	} {
		if got := string(Append(nil, c.p)); got != c.want {
			t.Errorf("Append(%v) = %q, want %q", c.p, got, c.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestWriter(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	if err := w.Write(context.Background(), []Point{{Series: "a", Value: 1, Time: 60}, {Series: "b", Value: 2, Time: 60}}); err != nil {
		t.Fatal(err)
	}
	if want := "a 1 60\nb 2 60\n"; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}

	full := errors.New("no space left")
	if err := NewWriter(failing{full}).Write(context.Background(), []Point{{Series: "a", Value: 1, Time: 60}}); !errors.Is(err, full) {
		t.Errorf("error %v, want %v", err, full)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.Write(done, []Point{{Series: "c", Value: 1, Time: 60}}); !errors.Is(err, context.Canceled) || out.Len() != 14 {
		t.Errorf("error %v after the context is done, %q written", err, out.String())
	}
}
