// Package netcut joins two network namespaces by a cable that can be cut: then
// every packet vanishes, and neither side is told. The namespaces have no
// names. They end with the processes in them, so that nothing of them can stay
// behind.
package netcut

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/logfeed/logfeed/tools/internal/child"
)

// A Pair is two joined namespaces. It is for one goroutine.
type Pair struct {
	Near, Far Side
}

// A Side is one of the namespaces.
type Side struct {
	// Addr is the address that the other side reaches.
	Addr string

	link   string         // name of the interface
	hw     string         // hardware address of the interface
	holder *child.Process // nil: it is the namespace of this process
}

// nobody is a hardware address that no interface has. A frame that is sent to
// it arrives, and is thrown away without a word. Compared with the loss of
// packets by netem this asks nothing of the kernel that is not always there.
const nobody = "02:00:00:00:00:99"

// holdTime bounds the life of an empty namespace, should nobody close it.
const holdTime = 30 * time.Minute

// New makes the namespaces and joins them. Their logs go to dir. Whoever calls
// New must call Close in the end, after the programs inside have ended.
func New(ctx context.Context, dir string) (*Pair, error) {
	p := newPair(0)
	return p.open(ctx, dir, &p.Near, &p.Far)
}

// Join makes one namespace, Near, and joins it to that of this process, Far,
// which should be one of its own. The number, 0 to 63, tells several apart.
// Whoever calls Join must call Close in the end.
func Join(ctx context.Context, dir string, number int) (*Pair, error) {
	p := newPair(number)
	return p.open(ctx, dir, &p.Near)
}

// newPair chooses names and addresses: four of them belong to each number.
func newPair(number int) *Pair {
	side := func(name string, n int) Side {
		return Side{
			Addr: fmt.Sprintf("198.51.100.%d", 4*number+n),
			link: fmt.Sprintf("%s%d", name, number),
			hw:   fmt.Sprintf("02:00:00:00:%02x:%02x", number, n),
		}
	}
	return &Pair{Near: side("near", 1), Far: side("far", 2)}
}

// open makes a namespace for each of the given sides and joins the two.
func (p *Pair) open(ctx context.Context, dir string, made ...*Side) (*Pair, error) {
	for _, s := range made {
		if err := s.hold(ctx, dir); err != nil {
			return nil, errors.Join(err, p.Close())
		}
	}
	if err := p.join(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// hold makes a namespace and keeps it.
func (s *Side) hold(ctx context.Context, dir string) (err error) {
	s.holder, err = child.Start(filepath.Join(dir, "namespace."+s.link+".log"),
		"unshare", "--net", "sleep", strconv.Itoa(int(holdTime.Seconds())))
	if err != nil {
		return err
	}
	return s.awaitOwn(ctx)
}

func (p *Pair) join(ctx context.Context) error {
	if err := p.Near.run(ctx, "link", "add", p.Near.link, "address", p.Near.hw, "type", "veth",
		"peer", "name", p.Far.link, "address", p.Far.hw, "netns", strconv.Itoa(p.Far.pid())); err != nil {
		return err
	}
	for _, s := range []*Side{&p.Near, &p.Far} {
		err := errors.Join(
			s.run(ctx, "link", "set", "lo", "up"),
			s.run(ctx, "address", "add", s.Addr+"/30", "dev", s.link),
			s.run(ctx, "link", "set", s.link, "up"))
		if err != nil {
			return err
		}
	}
	return p.Mend(ctx)
}

// Cut lets every packet vanish from now on, in both directions.
func (p *Pair) Cut(ctx context.Context) error {
	return errors.Join(p.Near.neighbour(ctx, p.Far.Addr, nobody), p.Far.neighbour(ctx, p.Near.Addr, nobody))
}

// Mend ends a cut.
func (p *Pair) Mend(ctx context.Context) error {
	return errors.Join(p.Near.neighbour(ctx, p.Far.Addr, p.Far.hw), p.Far.neighbour(ctx, p.Near.Addr, p.Near.hw))
}

// Close ends the namespaces.
func (p *Pair) Close() error {
	var errs []error
	for _, s := range []*Side{&p.Near, &p.Far} {
		if s.holder != nil {
			errs = append(errs, s.holder.Kill())
		}
	}
	return errors.Join(errs...)
}

// Enter returns the beginning of a command line. The program and the arguments
// that are put behind it run on this side; the process is theirs.
func (s *Side) Enter() []string {
	return []string{"nsenter", fmt.Sprintf("--net=/proc/%d/ns/net", s.pid()), "--"}
}

// pid is that of a process in the namespace.
func (s *Side) pid() int {
	if s.holder == nil {
		return os.Getpid()
	}
	return s.holder.PID()
}

// neighbour tells the side which hardware address an address has.
func (s *Side) neighbour(ctx context.Context, addr, hw string) error {
	return s.run(ctx, "neighbour", "replace", addr, "lladdr", hw, "dev", s.link, "nud", "permanent")
}

// run runs ip on this side.
func (s *Side) run(ctx context.Context, args ...string) error {
	command := append(append(s.Enter(), "ip"), args...)
	output, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}

// awaitOwn waits until the holder has left our namespace for its own.
func (s *Side) awaitOwn(ctx context.Context) error {
	ours, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second) // it takes a millisecond
	defer cancel()
	for {
		its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", s.holder.PID()))
		if err == nil && its != ours {
			return nil
		}
		select {
		case <-s.holder.Done():
			return fmt.Errorf("no network namespace could be made (%v): %s", s.holder.Err(), s.holder.LogTail(5))
		case <-ctx.Done():
			return fmt.Errorf("no network namespace was made: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}
