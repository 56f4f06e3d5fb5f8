package apachelog

// TimeDirective returns the index, as in Format.Directives, of the first
// directive that the time of a record is read from; -1 if there is none.
func (f *Format) TimeDirective() int {
	if f.clock.kind == clockNone {
		return -1
	}
	return f.clock.first
}

// Column returns the 1-based byte of the line at which the value of directive i
// begins, 0 if the Parser was not asked to keep it.
func (r *Record) Column(i int) int {
	if i < 0 || i >= len(r.spans) {
		return 0
	}
	return r.spans[i].from + 1
}
