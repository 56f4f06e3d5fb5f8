package rollup

import (
	"strings"

	"github.com/logfeed/logfeed/internal/point"
)

// other is the level of the values that there is no room for.
const other = "_other"

// A value is one level of a group as the lines have it: a node of a tree whose
// leaves are the groups. Every table has a tree of its own, so that tables can
// be filled side by side; the ledger says which group a leaf is.
type value struct {
	parent   *value
	level    string // cleaned
	children map[string]*value
	rest     *value // the values below it that there is no room for
	seats    seats  // below it, once there is no room for more
	leaf     int    // index into Table.leaves
	route    bool   // there is always room for it
	group    *group // found by the ledger, which never changes its mind
	diverted bool   // the group is another one than the value names
}

// seats are the values that have series of their own, as of the moment when
// there was no room for more: from then on they stay the same. So tables that
// are filled side by side share them, and tell by them what belongs to the
// others without remembering it.
type seats map[string]seats

const (
	// maxKnown bounds what a table remembers of values from batch to batch,
	// each in the spelling of the log, in bytes.
	maxKnown = 16 << 20

	// valueBytes is about what one value takes beside its spelling.
	valueBytes = 300
)

// Group chooses the group of the records that Add is given from now on, by its
// values, one a level. They are not kept. Without a call all records belong to
// one group.
func (t *Table) Group(values ...[]byte) {
	v := t.root
	for i, raw := range values {
		child := v.children[string(raw)]
		if child == nil {
			child = t.learn(v, raw, i == t.routes)
		}
		v = child
	}
	if v.leaf < 0 {
		v.leaf = t.newLeaf(v)
	}
	t.group = v.leaf
}

// learn finds the level that a spelling stands for: several may become one.
func (t *Table) learn(parent *value, raw []byte, route bool) *value {
	if t.tagged {
		t.level = point.AppendTagValue(t.level[:0], raw)
	} else {
		t.level = point.AppendComponent(t.level[:0], raw)
	}
	below, seated := parent.seats[string(t.level)]
	if t.full && !seated && !route && string(t.level) != other {
		return parent.others()
	}
	child := parent.children[string(t.level)]
	if child == nil {
		child = &value{parent: parent, level: string(t.level), seats: below, leaf: -1, route: route}
		parent.put(child.level, child)
	}
	if string(raw) != child.level {
		parent.put(string(raw), child)
	}
	t.known += valueBytes + len(raw)
	return child
}

// others returns the node of the values below v that there is no room for.
func (v *value) others() *value {
	if v.rest == nil {
		v.rest = &value{parent: v, level: other, seats: v.seats[other], leaf: -1, diverted: true}
	}
	return v.rest
}

func (v *value) put(name string, child *value) {
	if v.children == nil {
		v.children = make(map[string]*value)
	}
	v.children[name] = child
}

func (t *Table) newLeaf(v *value) int {
	t.leaves = append(t.leaves, leaf{value: v})
	return len(t.leaves) - 1
}

// A leaf is a group within a table, with its rows at hand.
type leaf struct {
	value  *value
	here   window // the bucket that the last line fell into
	prev   window // and the one before: lines swing between neighbours
	newest int    // its row of the newest bucket, counted from 1; 0 as long as it has none
}

// forgetValues begins a tree anew.
func (t *Table) forgetValues() {
	t.root = &value{leaf: 0, seats: t.seats}
	t.leaves = append(t.leaves[:0], leaf{value: t.root})
	t.known = 0
}

// A group is the lines that share the values of all levels, and with them
// their series. Inner nodes of the tree are groups too, without lines.
type group struct {
	children map[string]*group
	path     string

	// Of a leaf:
	route    string // "" if there are none
	number   uint32 // its place in Ledger.groups, if it is numbered
	numbered bool
	parts    []part // nil while it is idle; see Ledger.dropIdle
	told     []bool // which of its series have been given out
}

// A part is the series of a group that Graphite keeps at the same steps.
type part struct {
	class *class
	slots []slot
	timed bool // some of them come from durations
}

// admission decides which values get series of their own.
type admission struct {
	limit    int // series; 0 is none
	width    int // series of a group, of all its routes
	reserved int // series that there are or may be
}

// room says whether there is room for one more group, and takes it.
func (a *admission) room() bool {
	if a.limit > 0 && a.reserved+a.width > a.limit {
		return false
	}
	a.reserved += a.width
	return true
}

// groupOf returns the group that a table's value stands for; v.diverted then
// says whether it is another one for want of room.
func (l *Ledger) groupOf(v *value) *group {
	switch {
	case v.group != nil:
	case v.parent == nil:
		v.group = l.root
	case v.route:
		v.group = l.below(l.groupOf(v.parent), v.level)
		v.diverted = v.parent.diverted
	case v.diverted:
		v.group = l.below(l.groupOf(v.parent), other)
	default:
		above, admitted := l.groupOf(v.parent), true
		v.group, admitted = l.admit(above, v.level)
		v.diverted = v.parent.diverted || !admitted
	}
	return v.group
}

// admit returns the group below above for one more level. Every inner group has
// room set aside for the values that there is no more room for.
func (l *Ledger) admit(above *group, level string) (g *group, admitted bool) {
	if above.children[level] != nil || level == other || l.room.room() {
		return l.below(above, level), true
	}
	if l.seats == nil {
		l.seats = l.root.seats()
	}
	return l.below(above, other), false
}

// below returns the group of one more level, new if there was none.
func (l *Ledger) below(g *group, level string) *group {
	child := g.children[level]
	if child == nil {
		child = &group{path: l.o.join(g.path, level)}
		if g.children == nil {
			g.children = make(map[string]*group)
		}
		g.children[level] = child
	}
	return child
}

// seats returns the levels below g.
func (g *group) seats() seats {
	s := make(seats, len(g.children))
	for level, child := range g.children {
		s[level] = child.seats()
	}
	return s
}

func (o Options) join(path, level string) string {
	if path == "" {
		return level
	}
	return path + o.between() + level
}

// between stands between the levels of a path, and in none of them.
func (o Options) between() string {
	if o.Tags != nil {
		return ";"
	}
	return "."
}

func (o Options) prefixOf(g *group) string {
	if g.path == "" {
		return o.Prefix
	}
	if o.Tags == nil {
		return o.Prefix + "." + g.path
	}
	prefix := o.Prefix
	for i, value := range strings.Split(g.path, ";") {
		prefix = point.AddTag(prefix, o.Tags[i], value)
	}
	return prefix
}

// begin gives a group its series, when its first lines have come, or the first
// ones after a long time.
func (l *Ledger) begin(g *group) {
	if g.parts != nil {
		return
	}
	if !g.numbered {
		g.number, g.numbered = uint32(len(l.groups)), true
		l.groups = append(l.groups, g)
	}
	if l.o.Routes > 0 {
		g.route = g.path[strings.LastIndex(g.path, l.o.between())+1:]
	}
	slots := l.o.Metrics.slots(l.o.prefixOf(g))
	for i, s := range slots {
		s.number = i
		c := l.classOf(s.series)
		k := 0
		for k < len(g.parts) && g.parts[k].class != c {
			k++
		}
		if k == len(g.parts) {
			g.parts = append(g.parts, part{class: c})
		}
		g.parts[k].slots = append(g.parts[k].slots, s)
		g.parts[k].timed = g.parts[k].timed || s.of != nil
		l.of[s.series] = c
	}
	if g.told == nil {
		g.told = make([]bool, len(slots))
	}
}

// idleAfter is how much log time passes, in seconds, between two looks for
// groups that have become idle.
const idleAfter = 86400

// dropIdle drops the names of the series of groups that no bucket has any more.
// What is left of such a group is its place among the admitted ones.
func (l *Ledger) dropIdle() {
	if l.closed < l.looked+idleAfter {
		return
	}
	l.looked = l.closed
	used := make(map[uint32]bool)
	for _, c := range l.classes {
		for _, b := range c.buckets {
			for _, r := range b.rows {
				used[r.group] = true
			}
		}
	}
	for _, c := range l.classes {
		c.zeros.mark(used)
	}
	for number, g := range l.groups {
		if used[uint32(number)] {
			continue
		}
		for _, p := range g.parts {
			for _, s := range p.slots {
				delete(l.of, s.series)
			}
		}
		g.parts = nil
	}
}

// tell counts the series that have been given out.
func (l *Ledger) tell(g *group, s slot) {
	if !g.told[s.number] {
		g.told[s.number] = true
		l.told++
	}
}

// partOf returns the series of a class, or nil.
func (g *group) partOf(c *class) *part {
	for i := range g.parts {
		if g.parts[i].class == c {
			return &g.parts[i]
		}
	}
	return nil
}

// value returns what a series has to say of a bucket, and whether it is to be
// said.
func (s slot) value(of []int64, took histogram) (v float64, said bool) {
	if s.of == nil {
		return float64(of[s.from]), of[s.from] != 0 || !s.sparse
	}
	if took.N == 0 {
		return 0, false
	}
	return s.of(took), true
}
