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

// conversion is one row of strftime's table: a number, names, or further
// conversions in its place.
type conversion struct {
	part     part
	width    int
	pad      byte
	min, max int64
	names    []string
	expand   string
	kind     pieceKind
}

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
	'%': {expand: "%%"},
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
		p, expand, n := conversionAt(format[i:])
		switch {
		case expand == "%%":
			ps = addLit(ps, "%")
		case expand != "":
			ps = strftimePieces(ps, expand)
		case p.kind == pieceLit:
			ps = addLit(ps, format[i:i+n])
		default:
			ps = append(ps, p)
		}
		i += n
	}
	return ps
}

func addLit(ps []piece, s string) []piece {
	if n := len(ps); n > 0 && ps[n-1].kind == pieceLit {
		ps[n-1].lit += s
		return ps
	}
	return append(ps, piece{kind: pieceLit, lit: s})
}

// conversionAt reads the conversion at the start of s, with glibc's flags, width
// and modifiers, and returns its piece, or what it stands for, and its length.
func conversionAt(s string) (p piece, expand string, n int) {
	n = 1
	pad := byte(0)
	for n < len(s) && strings.IndexByte("_-0^#", s[n]) >= 0 {
		if s[n] != '^' && s[n] != '#' {
			pad = s[n]
		}
		n++
	}
	width := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' && width < 100 {
		width = width*10 + int(s[n]-'0')
		n++
	}
	if n < len(s) && (s[n] == 'E' || s[n] == 'O') {
		n++
	}
	if n >= len(s) {
		return piece{}, "", len(s)
	}
	c, ok := conversions[s[n]]
	n++
	if !ok {
		return piece{}, "", n
	}
	if c.expand != "" {
		return piece{}, c.expand, n
	}
	p = piece{part: c.part, kind: c.kind, names: c.names, width: c.width, pad: c.pad, min: c.min, max: c.max}
	if p.kind == pieceDigits {
		p.setPadding(pad, width)
	}
	return p, "", n
}

// setPadding applies a padding flag and a width to digits.
func (p *piece) setPadding(flag byte, width int) {
	if p.width == 0 {
		p.most = 19
		return
	}
	switch flag {
	case '-':
		p.most, p.width, p.pad = p.width, 0, '0'
		return
	case '_':
		p.pad = ' '
	case '0':
		p.pad = '0'
	}
	p.width = max(p.width, width)
}
