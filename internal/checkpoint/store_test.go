package checkpoint

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func open(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func save(t *testing.T, s *Store, payload string) {
	t.Helper()
	if err := s.Save([]byte(payload)); err != nil {
		t.Fatal(err)
	}
}

func load(t *testing.T, s *Store) (payload string, damage error) {
	t.Helper()
	l, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return string(l.Payload), l.Damage
}

func TestSaveAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "var", "lib")
	s := open(t, dir)
	if got, damage := load(t, s); got != "" || damage != nil {
		t.Errorf("an empty directory gave %q, damage %v", got, damage)
	}
	for _, payload := range []string{"one", "", string(bytes.Repeat([]byte{0}, 1<<20)), "four"} {
		save(t, s, payload)
		if got, damage := load(t, s); got != payload || damage != nil {
			t.Errorf("saved %d bytes, got %d, damage %v", len(payload), len(got), damage)
		}
	}
	for _, name := range []string{current, previous, lockFile} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v, error %v", name, info.Mode(), err)
		}
	}
}

func TestSecondProcessIsRefused(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if _, err := Open(dir); !errors.Is(err, ErrLocked) {
		t.Fatalf("second Open: %v", err)
	}
	first.Close()
	open(t, dir)
}

// TestEveryDamage cuts the newest checkpoint at every length and flips random
// bytes of it: the one before it is used each time, and the damage is told.
func TestEveryDamage(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	whole := seal([]byte("the newest state"))
	var broken [][]byte
	for n := range len(whole) {
		broken = append(broken, whole[:n])
	}
	for range 100 {
		flipped := bytes.Clone(whole)
		flipped[rnd.IntN(len(flipped))] ^= byte(1 + rnd.IntN(255))
		broken = append(broken, flipped)
	}
	broken = append(broken, make([]byte, len(whole)), append(bytes.Clone(whole), 'x'))
	for _, data := range broken {
		s := open(t, t.TempDir())
		save(t, s, "the state before")
		save(t, s, "the newest state")
		if err := os.WriteFile(s.path(current), data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, damage := load(t, s); got != "the state before" || damage == nil {
			t.Errorf("%q: loaded %q, damage %v", data, got, damage)
		}
		if aside, err := os.ReadFile(s.path(damaged)); err != nil || !bytes.Equal(aside, data) {
			t.Errorf("%q: set aside as %q, %v", data, aside, err)
		}
		s.Close()
	}
}

func TestBothDamaged(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range []string{current, previous} {
		if err := os.WriteFile(s.path(name), []byte("junk"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got, damage := load(t, s); got != "" || damage == nil {
		t.Errorf("loaded %q, damage %v", got, damage)
	}
	save(t, s, "anew")
	if got, damage := load(t, s); got != "anew" || damage != nil {
		t.Errorf("after a new start: %q, damage %v", got, damage)
	}
}

// TestCrashBetweenTheRenames is a state that a crash in the middle of Save can
// leave: no current file, and a temporary one that counts for nothing.
func TestCrashBetweenTheRenames(t *testing.T) {
	s := open(t, t.TempDir())
	save(t, s, "the state before")
	if err := os.Rename(s.path(current), s.path(previous)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path(temporary), seal([]byte("never put in place")), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, damage := load(t, s); got != "the state before" || damage != nil {
		t.Errorf("loaded %q, damage %v", got, damage)
	}
}

func TestFailedSaveKeepsTheOldState(t *testing.T) {
	s := open(t, t.TempDir())
	save(t, s, "old")
	// A directory in the place of the temporary file makes every write fail,
	// also for root.
	if err := os.MkdirAll(filepath.Join(s.path(temporary), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.Save([]byte("new")); err == nil {
		t.Fatal("no error")
	}
	if got, _ := load(t, s); got != "old" {
		t.Errorf("loaded %q", got)
	}
}
