package check

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/logfeed/logfeed/internal/apachelog"
)

const (
	// maxRows bounds the lists that grow with the site and not with the format.
	maxRows = 40
	// maxShown is how many reasons are shown, those with the most lines first.
	maxShown = 10
)

// Findings are what a report says besides what the lines themselves say.
type Findings struct {
	Files    []File
	Troubles []string // what cannot be read, and why
	Watching []string // what cannot be watched, and why
	Notes    []string // what went wrong while reading

	Bytes    int64         // read; of compressed files, of their content
	Stopped  bool          // reading was stopped before the end
	Late     int64         // lines that would change no bucket
	TooOld   int64         // lines of a time of which Graphite keeps nothing
	Filtered int64         // lines that --where leaves out
	Interval time.Duration // of all buckets; 0 if it differs by their age
	Series   []Series
	Points   Points
}

// File is a file that was read.
type File struct {
	Path string
	Form string // "plain", "gzip", …; "" for standard input
	Size int64  // on disk
}

// Series is one series that the lines would make, and how many points it has.
type Series struct {
	Name   string
	Points int64
}

// Points are all series together.
type Points struct {
	Buckets     int64
	First, Last int64 // start of the earliest and the latest bucket, Unix seconds
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer, f Findings) error {
	p := &page{width: r.o.Width, color: r.o.Color}
	r.printFiles(p, f)
	if len(f.Files) > 0 {
		r.printLines(p, f)
	}
	if r.lines > 0 {
		r.printFirst(p)
		r.printDoubtful(p)
		r.printReasons(p)
		r.printFormats(p)
		r.printSeries(p, f)
	}
	if _, err := w.Write(p.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *Report) printFiles(p *page, f Findings) {
	p.heading("Files")
	var rows [][]string
	for _, file := range f.Files[:min(len(f.Files), maxRows)] {
		rows = append(rows, r.fileRow(file, f.Stopped))
	}
	p.table(rows)
	if n := len(f.Files) - maxRows; n > 0 {
		p.line(plain, fmt.Sprintf("  and %s more files", humanize.Comma(int64(n))))
	}
	for _, t := range f.Troubles {
		p.prose(red, "  cannot be read: ", "      ", t)
	}
	for _, t := range f.Watching {
		p.prose(yellow, "  cannot be watched (changes are noticed once a second): ", "      ", t)
	}
	for _, t := range f.Notes {
		p.prose(yellow, "  ", "      ", t)
	}
	if len(f.Files) > 0 && f.Files[0].Form != "" && len(f.Troubles)+len(f.Watching) == 0 {
		p.line(plain, "  can be read and watched by this user")
	}
}

func (r *Report) fileRow(file File, stopped bool) []string {
	size := ""
	if file.Form != "" {
		size = file.Form + ", " + humanize.Bytes(uint64(file.Size))
	}
	row := []string{visible([]byte(file.Path)), size}
	t := r.files[file.Path]
	switch {
	case t != nil:
		row = append(row, lines(t.lines), humanize.Comma(t.rejected)+" rejected")
	case file.Size > 0 && !stopped:
		// A copy of a log, compressed or not, is read once.
		row = append(row, "no lines of its own")
	default:
		row = append(row, lines(0))
	}
	return row
}

func (r *Report) printLines(p *page, f Findings) {
	p.heading("Lines")
	how := "everything that is there"
	if f.Stopped {
		how = "stopped before the end"
	}
	p.line(plain, fmt.Sprintf("  %s read, %s, %s", lines(r.lines), humanize.Bytes(uint64(f.Bytes)), how))
	var rows [][]string
	row := func(n int64, what string) {
		if r.lines == 0 {
			return
		}
		rows = append(rows, []string{pad(humanize.Comma(n), len(humanize.Comma(r.lines))), percent(n, r.lines), what})
	}
	for _, format := range r.o.Formats {
		if n := r.byFormat[format]; n > 0 || len(r.o.Formats) == 1 {
			row(n, verb(n, "parses", "parse")+" by "+named(format))
		}
	}
	if n := r.Rejected(); n > 0 {
		row(n, verb(n, "is rejected", "are rejected"))
	}
	if r.ambiguous > 0 {
		row(r.ambiguous, verb(r.ambiguous, "is ambiguous: it", "are ambiguous: they")+" can be read in more than one way")
	}
	if r.unfinished > 0 {
		row(r.unfinished, verb(r.unfinished, "has no newline yet, and is not", "have no newline yet, and are not")+" counted before it comes")
	}
	if f.Late > 0 {
		row(f.Late, verb(f.Late, "comes", "come")+" later than --lateness allows, and would change no bucket")
	}
	if f.TooOld > 0 {
		row(f.TooOld, verb(f.TooOld, "is", "are")+" older than anything that Graphite keeps, and would be left out")
	}
	if f.Filtered > 0 {
		row(f.Filtered, verb(f.Filtered, "is", "are")+" left out by --where")
	}
	p.table(rows)
}

func (r *Report) printFirst(p *page) {
	for _, format := range r.o.Formats {
		for i, e := range r.first[format] {
			if i == 0 {
				p.heading("First lines by " + titled(format))
			} else {
				p.WriteByte('\n')
			}
			r.printExample(p, e)
		}
	}
}

func (r *Report) printDoubtful(p *page) {
	if len(r.doubtful) == 0 {
		return
	}
	p.heading("Ambiguous lines, as they would be read")
	for i, e := range r.doubtful {
		if i > 0 {
			p.WriteByte('\n')
		}
		r.printExample(p, e)
	}
}

func (r *Report) printExample(p *page, e example) {
	p.line(plain, "  "+r.place(e.path, e.number))
	var rows [][]string
	for i, d := range e.format.Directives() {
		rows = append(rows, []string{"  " + d, e.format.Meaning(i), e.values[i]})
	}
	p.table(rows)
}

// place names a line; of which file it is goes without saying if there is one.
func (r *Report) place(path string, number int64) string {
	line := "line " + strconv.FormatInt(number, 10)
	if len(r.files) > 1 {
		return visible([]byte(path)) + " " + line
	}
	return line
}

func (r *Report) printReasons(p *page) {
	if len(r.reasons.all) == 0 {
		return
	}
	p.heading("Rejected lines")
	left := r.reasons.other
	for i, why := range r.reasons.sorted() {
		if i >= maxShown {
			left += why.count
			continue
		}
		if i > 0 {
			p.WriteByte('\n')
		}
		r.printReason(p, why)
	}
	if left > 0 {
		p.line(plain, fmt.Sprintf("\n  and %s for other reasons", lines(left)))
	}
}

func (r *Report) printReason(p *page, why *reason) {
	what := "expected " + why.expected
	if why.directive != "" {
		what += " for " + why.directive
	}
	p.prose(red, "  ", "    ", lines(why.count)+": "+what)
	p.line(plain, fmt.Sprintf("    %s, column %d: found %s", r.place(why.path, why.number), why.column, why.found))
	if len(why.excerpt.text) > 0 {
		const indent = "      "
		shown, caret := why.excerpt.show(max(20, p.width-len(indent)-1))
		p.WriteString(indent + shown + "\n")
		p.WriteString(indent + strings.Repeat(" ", caret) + p.styled(red, "^") + "\n")
	}
	if len(why.more) > 0 {
		var also []string
		for _, n := range why.more {
			also = append(also, strconv.FormatInt(n, 10))
		}
		rest := ""
		if why.count > int64(len(why.more))+1 {
			rest = ", …"
		}
		p.line(plain, "    also "+strings.Join(also, ", ")+rest)
	}
}

// printFormats says what is doubtful about the formats and which would do
// better.
func (r *Report) printFormats(p *page) {
	var said []string
	for _, f := range r.o.Formats {
		for _, w := range f.Warnings() {
			said = append(said, named(f)+": "+w)
		}
		if f.TimeDirective() < 0 {
			said = append(said, named(f)+": a run refuses it, because its lines belong to no bucket; add %t")
		}
	}
	if a := r.advice(); a != "" {
		said = append(said, a)
	}
	if len(said) == 0 {
		return
	}
	p.heading("Format")
	for _, s := range said {
		p.prose(yellow, "  ", "    ", s)
	}
}

func (r *Report) advice() string {
	a := r.rivals.best()
	now, parses := "the formats given", "parse"
	if len(r.o.Formats) == 1 {
		now, parses = named(r.o.Formats[0]), "parses"
	}
	switch a.how {
	case instead:
		return fmt.Sprintf("--format %s would parse %s of the %s tried; %s %s %s", a.name, humanize.Comma(a.taken), lines(a.tried), now, parses, humanize.Comma(a.before))
	case besides:
		return fmt.Sprintf("--format %s besides would parse %s of the %s rejected lines tried", a.name, humanize.Comma(a.taken), humanize.Comma(a.tried))
	case fitter:
		return fmt.Sprintf("--format %s would parse as many and fits better: by %s, %%l is not \"-\" or %%u holds spaces in %s", a.name, now, lines(a.tried-a.before))
	}
	if r.Rejected() > 0 {
		return "no nickname would parse more of these lines"
	}
	return ""
}

func (r *Report) printSeries(p *page, f Findings) {
	p.heading("Series that would be made")
	var rows [][]string
	for _, s := range f.Series[:min(len(f.Series), maxRows)] {
		rows = append(rows, []string{s.Name, "in " + buckets(s.Points)})
	}
	p.table(rows)
	if n := len(f.Series) - maxRows; n > 0 {
		p.line(plain, fmt.Sprintf("  and %s more series", humanize.Comma(int64(n))))
	}
	if f.Points.Buckets == 0 {
		p.line(plain, "  none")
		return
	}
	if f.Interval == 0 {
		p.prose(plain, "  ", "  ", fmt.Sprintf("the first bucket begins %s, the last %s; how long they are goes by their age", moment(f.Points.First), moment(f.Points.Last)))
		return
	}
	end := f.Points.Last + int64(f.Interval/time.Second)
	p.prose(plain, "  ", "  ", fmt.Sprintf("%s of %s, %s to %s", buckets(f.Points.Buckets), brief(f.Interval), moment(f.Points.First), moment(end)))
}

// named is a format with its nickname, if it has one.
func named(f *apachelog.Format) string {
	for _, name := range apachelog.Nicknames() {
		if text, _ := apachelog.Nickname(name); text == f.String() && apachelog.NicknameDialect(name) == f.Dialect() {
			return name
		}
	}
	return f.String()
}

// titled is named and the format itself.
func titled(f *apachelog.Format) string {
	if name := named(f); name != f.String() {
		return name + ": " + f.String()
	}
	return f.String()
}

// brief writes a duration without the zeros at its end.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func lines(n int64) string   { return humanize.Comma(n) + " " + verb(n, "line", "lines") }
func buckets(n int64) string { return humanize.Comma(n) + " " + verb(n, "bucket", "buckets") }

// verb picks the form of a word that goes with a number.
func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func pad(s string, width int) string { return strings.Repeat(" ", max(0, width-len(s))) + s }

// percent never rounds a part to the whole or to nothing.
func percent(n, of int64) string {
	share := 100 * float64(n) / float64(of)
	switch {
	case n < of && share > 99.99:
		return "> 99.99 %"
	case n > 0 && share < 0.01:
		return " < 0.01 %"
	}
	return fmt.Sprintf("%7.2f %%", share)
}

func moment(unix int64) string { return time.Unix(unix, 0).UTC().Format(time.RFC3339) }
