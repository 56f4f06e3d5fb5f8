package apachelog

// Record is what a line says. The zero value is ready for use; Parse fills it
// again and again. What Raw returns is part of the line and lives as long.
type Record struct {
	Time     int64 // Unix seconds; see ParserOptions.AtEnd
	Nanos    int32 // the fraction of the second, if the format has one
	Status   int   // 0 if the line has "-"
	Bytes    int64 // sent: the first of %O, %B, %b that the format has; "-" is 0
	BytesIn  int64 // received
	Duration int64 // nanoseconds; negative if the server's clock went back

	Absent    Field // fields for which this line has "-" where that does not mean 0
	Ambiguous bool  // the line can be read in more than one way, and this is only the likeliest

	line  []byte
	spans []span
	owner *Parser
}

// span is the place of a value in the line; from is -1 if nobody asked for it.
type span struct{ from, to int }

// Raw returns the value of directive i as it stands in the log, nil if the Parser
// was not asked to keep it.
func (r *Record) Raw(i int) []byte {
	if i >= len(r.spans) || r.spans[i].from < 0 {
		return nil
	}
	return r.line[r.spans[i].from:r.spans[i].to:r.spans[i].to]
}

// AppendText appends the value of directive i as httpd meant it, its escapes
// undone, and returns the extended slice. Nothing is added if the Parser was not
// asked to keep it.
func (r *Record) AppendText(dst []byte, i int) []byte {
	raw := r.Raw(i)
	if raw == nil || !r.owner.format.dirs[i].value.escaped() {
		return append(dst, raw...)
	}
	if string(raw) == `""` && r.owner.format.dirs[i].value == userText {
		return dst
	}
	return appendUnescaped(dst, raw)
}

// finish moves the time on to the end of the request. Where there is no duration,
// and where the server's clock went back meanwhile, it stays.
func (r *Record) finish() {
	if r.Absent&Duration != 0 || r.Duration <= 0 {
		return
	}
	const second = 1e9
	nanos := int64(r.Nanos) + r.Duration%second
	r.Time += r.Duration/second + nanos/second
	r.Nanos = int32(nanos % second)
}

// adopt makes the record one of the Parser's.
func (r *Record) adopt(p *Parser) {
	*r = Record{owner: p, spans: r.spans[:0]}
	for range p.format.dirs {
		r.spans = append(r.spans, span{-1, -1})
	}
}
