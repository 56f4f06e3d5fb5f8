package expression

import (
	"bytes"

	"github.com/expr-lang/expr/vm"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// A Line is the line at hand as the expressions of a Set see it: a text is read
// off the record when it is first asked for. It is for one goroutine.
type Line struct {
	slots   []field
	columns map[*apachelog.Format][]column
	vhost   []byte

	format *apachelog.Format
	here   []column // of the format, by slot
	record *apachelog.Record
	number uint64
	texts  []text // by slot
	buffer []byte // where escapes are undone

	machine vm.VM
	values  map[string]any // what the machine asks for
}

// A text is the value of one slot as of the line with the given number.
type text struct {
	number uint64
	value  []byte
}

// NewLine returns a line for one goroutine. No expression is added to the set
// after that.
func (s *Set) NewLine() *Line {
	return &Line{
		slots:   s.slots,
		columns: make(map[*apachelog.Format][]column),
		texts:   make([]text, len(s.slots)),
		values:  make(map[string]any),
	}
}

// Of says of which vhost the lines are that do not say it themselves.
func (l *Line) Of(vhost string) { l.vhost = append(l.vhost[:0], vhost...) }

// Take takes a record that was read by the given format. It is asked for as
// long as expressions are evaluated, and no longer.
func (l *Line) Take(f *apachelog.Format, rec *apachelog.Record) {
	if f != l.format {
		l.format, l.here = f, l.columnsOf(f)
	}
	l.record = rec
	l.number++
	l.buffer = l.buffer[:0]
}

func (l *Line) columnsOf(format *apachelog.Format) []column {
	all := l.columns[format]
	if all == nil {
		for _, f := range l.slots {
			all = append(all, f.in(format))
		}
		l.columns[format] = all
	}
	return all
}

// text returns the value of a slot, which lives until the next record.
func (l *Line) text(slot int) []byte {
	t := &l.texts[slot]
	if t.number != l.number {
		t.number, t.value = l.number, l.read(slot)
	}
	return t.value
}

// read returns what httpd meant. A dash is an absent value, and empty.
func (l *Line) read(slot int) []byte {
	c := l.here[slot]
	if c.index < 0 {
		if l.slots[slot].name == vhost {
			return l.vhost
		}
		return nil
	}
	value := l.record.Raw(c.index)
	if len(value) == 1 && value[0] == '-' {
		return nil
	}
	if bytes.IndexByte(value, '\\') >= 0 || len(value) == 2 && value[0] == '"' {
		begin := len(l.buffer)
		l.buffer = l.record.AppendText(l.buffer, c.index)
		value = l.buffer[begin:len(l.buffer):len(l.buffer)]
	}
	if c.part != nil {
		return c.part(value)
	}
	return value
}

// whole returns a whole number of the line, 0 if it is absent.
func (l *Line) whole(of apachelog.Field) int64 {
	if of == apachelog.Status {
		return int64(l.record.Status)
	}
	return l.record.Bytes
}

// milliseconds returns the duration, 0 if it is absent or the server's clock
// went back.
func (l *Line) milliseconds() float64 { return float64(max(0, l.record.Duration)) / 1e6 }
