package claim

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync/atomic"
	"testing"
)

func TestClaim(t *testing.T) {
	name := fmt.Sprint("apache.web1 127.0.0.1:2003 ", os.Getpid())
	if _, held := Ask(name); held {
		t.Fatal("held before it was taken")
	}
	var from atomic.Int64
	from.Store(math.MinInt64)
	first, err := Take(name, from.Load)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Take(name, from.Load); !errors.Is(err, ErrTaken) {
		t.Errorf("second Take: %v", err)
	}
	if from, held := Ask(name); !held || from != math.MinInt64 {
		t.Errorf("at first: from %d, held %v", from, held)
	}
	from.Store(1768046400)
	if from, held := Ask(name); !held || from != 1768046400 {
		t.Errorf("from %d, held %v", from, held)
	}
	other, err := Take(name+"0", from.Load)
	if err != nil {
		t.Errorf("another name: %v", err)
	} else {
		other.Close()
	}
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	if _, held := Ask(name); held {
		t.Error("held after Close")
	}
	again, err := Take(name, from.Load)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}
