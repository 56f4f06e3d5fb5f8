package apachelog

import "strings"

var (
	monthNames = []string{"January", "February", "March", "April", "May", "June", "July",
		"August", "September", "October", "November", "December"}
	dayNames = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	halves   = []string{"AM", "PM"}
)

// short returns the names cut to three letters.
func short(names []string) []string {
	cut := make([]string, len(names))
	for i, n := range names {
		cut[i] = n[:3]
	}
	return cut
}

// conversion is one row of strftime's table: a number, names, or what stands in
// its place, further conversions or a literal.
type conversion struct {
	part     part
	width    int
	pad      byte
	min, max int64
	names    []string
	expand   string
	kind     pieceKind
}

// notWithE and notWithO are the conversions that glibc does not take behind the
// modifiers E and O.
const (
	notWithE = "ABDFGHIMSUVWabdeghjklmw"
	notWithO = "ADFXYacx"
)

// conversions is the C locale of glibc, in which httpd runs.
var conversions = map[byte]conversion{
	'Y': {part: partYear, kind: pieceDigits, width: 4, pad: '0', max: 9999},
	'C': {part: partCentury, kind: pieceDigits, width: 2, pad: '0', max: 99},
	'y': {part: partYear2, kind: pieceDigits, width: 2, pad: '0', max: 99},
	'g': {kind: pieceDigits, width: 2, pad: '0', max: 99},
	'G': {kind: pieceDigits, width: 4, pad: '0', max: 9999},
	'm': {part: partMonth, kind: pieceDigits, width: 2, pad: '0', min: 1, max: 12},
	'd': {part: partDay, kind: pieceDigits, width: 2, pad: '0', min: 1, max: 31},
	'e': {part: partDay, kind: pieceDigits, width: 2, pad: ' ', min: 1, max: 31},
	'j': {part: partYearDay, kind: pieceDigits, width: 3, pad: '0', min: 1, max: 366},
	'H': {part: partHour, kind: pieceDigits, width: 2, pad: '0', max: 23},
	'k': {part: partHour, kind: pieceDigits, width: 2, pad: ' ', max: 23},
	'I': {part: partHour12, kind: pieceDigits, width: 2, pad: '0', min: 1, max: 12},
	'l': {part: partHour12, kind: pieceDigits, width: 2, pad: ' ', min: 1, max: 12},
	'M': {part: partMinute, kind: pieceDigits, width: 2, pad: '0', max: 59},
	'S': {part: partSecond, kind: pieceDigits, width: 2, pad: '0', max: 60}, // 60: a leap second
	's': {part: partEpoch, kind: pieceDigits, max: 1<<62 - 1},
	'u': {kind: pieceDigits, width: 1, pad: '0', min: 1, max: 7},
	'w': {kind: pieceDigits, width: 1, pad: '0', max: 6},
	'U': {kind: pieceDigits, width: 2, pad: '0', max: 53},
	'V': {kind: pieceDigits, width: 2, pad: '0', min: 1, max: 53},
	'W': {kind: pieceDigits, width: 2, pad: '0', max: 53},
	'b': {part: partMonth, kind: pieceName, names: short(monthNames), min: 1},
	'h': {part: partMonth, kind: pieceName, names: short(monthNames), min: 1},
	'B': {part: partMonth, kind: pieceName, names: monthNames, min: 1},
	'a': {kind: pieceName, names: short(dayNames)},
	'A': {kind: pieceName, names: dayNames},
	'p': {part: partHalf, kind: pieceName, names: halves},
	'P': {part: partHalf, kind: pieceName, names: halves},
	'z': {part: partZone, kind: pieceZone},
	'Z': {part: partZoneName, kind: pieceZoneName},
	'F': {expand: "%Y-%m-%d"},
	'T': {expand: "%H:%M:%S"},
	'R': {expand: "%H:%M"},
	'D': {expand: "%m/%d/%y"},
	'x': {expand: "%m/%d/%y"},
	'X': {expand: "%H:%M:%S"},
	'r': {expand: "%I:%M:%S %p"},
	'c': {expand: "%a %b %e %H:%M:%S %Y"},
	'n': {expand: "\n"},
	't': {expand: "\t"},
	'%': {expand: "%"},
}

// epochShape returns the shape of httpd's own keywords, nil for all others.
func epochShape(keyword string) *timeShape {
	var p piece
	switch keyword {
	case "sec":
		p = piece{part: partEpoch, most: 19}
	case "msec":
		p = piece{part: partEpochMilli, most: 19}
	case "usec":
		p = piece{part: partEpochMicro, most: 19}
	case "msec_frac":
		p = piece{part: partMilli, width: 3, pad: '0'}
	case "usec_frac":
		p = piece{part: partMicro, width: 6, pad: '0'}
	default:
		return nil
	}
	p.kind, p.max = pieceDigits, 1<<62-1
	return newShape([]piece{p})
}

// strftimeShape returns the shape of what strftime makes of a format. What
// strftime does not know stays as it stands.
func strftimeShape(format string) *timeShape {
	return newShape(strftimePieces(nil, format))
}

func strftimePieces(ps []piece, format string) []piece {
	for i := 0; i < len(format); {
		if format[i] != '%' {
			ps = addLit(ps, format[i:i+1])
			i++
			continue
		}
		spec := readSpec(format[i:])
		ps = spec.pieces(ps)
		i += len(spec.source)
	}
	return ps
}

func addLit(ps []piece, s string) []piece {
	if s == "" {
		return ps
	}
	if n := len(ps); n > 0 && ps[n-1].kind == pieceLit {
		ps[n-1].lit += s
		return ps
	}
	return append(ps, piece{kind: pieceLit, lit: s})
}

// spec is one conversion as it is written, with glibc's flags, width and modifier.
type spec struct {
	source string
	pad    byte // the last of the flags _ - 0, else 0
	width  int
	conv   conversion
	known  bool
}

// longest is a width that no usable format has; httpd logs at most 8 kB of a time.
const longest = 8192

// readSpec reads the conversion at the start of s.
func readSpec(s string) (sp spec) {
	n := 1
	for n < len(s) && strings.IndexByte("_-0^#", s[n]) >= 0 {
		if s[n] != '^' && s[n] != '#' {
			sp.pad = s[n]
		}
		n++
	}
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		sp.width = min(sp.width*10+int(s[n]-'0'), longest)
		n++
	}
	refused := ""
	if n < len(s) && s[n] == 'E' {
		refused = notWithE
		n++
	} else if n < len(s) && s[n] == 'O' {
		refused = notWithO
		n++
	}
	if n == len(s) {
		// A percent sign alone is what %% is.
		sp.source = s
		return sp
	}
	sp.source = s[:n+1]
	sp.conv, sp.known = conversions[s[n]]
	sp.known = sp.known && strings.IndexByte(refused, s[n]) < 0
	return sp
}

// pieces appends what the conversion writes. What strftime does not know stays as
// it is written, flags and all.
func (sp *spec) pieces(ps []piece) []piece {
	c := &sp.conv
	p := piece{part: c.part, kind: c.kind, names: c.names, width: c.width, pad: c.pad, min: c.min, max: c.max}
	switch {
	case !sp.known:
		return addLit(ps, sp.padded(sp.source))
	case c.expand != "":
		return sp.expanded(ps)
	case c.kind == pieceName:
		if sp.width > 0 {
			p.names = make([]string, len(c.names))
			for i, name := range c.names {
				p.names[i] = sp.padded(name)
			}
		}
	case c.kind == pieceDigits:
		sp.padDigits(&p)
	case c.kind == pieceZoneName:
		p.width, p.pad = sp.width, sp.filler()
	case c.kind == pieceZone && (sp.width > 0 || sp.pad == '_' || sp.pad == '-'):
		// The sign and the digits are padded one by one, both to the width.
		ps = addLit(ps, strings.Repeat(string(sp.filler()), max(sp.width-1, 0)))
		p.kind, p.width, p.pad = piecePaddedZone, max(sp.width, 4), '0'
		switch {
		case sp.pad == '_':
			p.pad = ' '
		case sp.pad == '-' && sp.width < 4:
			p.width, p.pad = 0, ' '
		case sp.pad == '-':
			p.width, p.pad = sp.width, ' '
		}
	}
	return append(ps, p)
}

// expanded appends what stands in the place of a conversion: a literal, or further
// conversions, whose length is always the same.
func (sp *spec) expanded(ps []piece) []piece {
	inner := []piece{{kind: pieceLit, lit: sp.conv.expand}}
	if len(sp.conv.expand) > 1 {
		inner = strftimePieces(nil, sp.conv.expand)
	}
	length := 0
	for i := range inner {
		length += inner[i].length()
	}
	ps = addLit(ps, strings.Repeat(string(sp.filler()), max(sp.width-length, 0)))
	for _, p := range inner {
		if p.kind == pieceLit {
			ps = addLit(ps, p.lit)
		} else {
			ps = append(ps, p)
		}
	}
	return ps
}

// filler is what stands in front of a text that is shorter than the width.
func (sp *spec) filler() byte {
	if sp.pad == '0' {
		return '0'
	}
	return ' '
}

func (sp *spec) padded(text string) string {
	return strings.Repeat(string(sp.filler()), max(sp.width-len(text), 0)) + text
}

// padDigits applies a padding flag and a width to digits.
func (sp *spec) padDigits(p *piece) {
	switch {
	case p.width == 0 && sp.width > epochDigits: // only %s has no width of its own
		p.width, p.pad = sp.width, sp.filler()
	case p.width == 0:
		p.most = 19
	case sp.pad == '-' && sp.width <= 1:
		p.most, p.width, p.pad = p.width, 0, '0'
	case sp.pad == '-':
		// The digits, as few as they are, stand at the right of the width.
		if p.most, p.width, p.pad = p.width, sp.width, ' '; p.width < p.most {
			p.width = 0
		}
	default:
		if sp.pad == '_' {
			p.pad = ' '
		} else if sp.pad == '0' {
			p.pad = '0'
		}
		p.width = max(p.width, sp.width)
	}
}

// epochDigits is how many digits the seconds since 1970 have until the year 2286.
const epochDigits = 10
