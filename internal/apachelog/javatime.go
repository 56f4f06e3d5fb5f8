package apachelog

import "strings"

// javaShape returns the shape of what Java's SimpleDateFormat makes of a pattern.
func javaShape(pattern string) *timeShape { return newShape(javaPieces(nil, pattern)) }

// jettyShape is javaShape for Jetty, which puts brackets around every time, and
// whose pattern may be followed by a zone and a locale, each behind a bar.
func jettyShape(arg string) *timeShape {
	pattern, zone, _ := strings.Cut(arg, "|")
	ps := addLit(nil, "[")
	if zone, _, _ = strings.Cut(zone, "|"); zone == "GMT" || zone == "UTC" {
		ps = append(ps, piece{part: partZone, kind: pieceNothing})
	}
	ps = javaPieces(ps, pattern)
	return newShape(addLit(ps, "]"))
}

// javaPieces reads a pattern: runs of one letter, text in apostrophes, and
// everything else as it stands.
func javaPieces(ps []piece, pattern string) []piece {
	for i := 0; i < len(pattern); {
		c := pattern[i]
		n := 1
		switch {
		case c == '\'':
			var text string
			text, n = javaQuoted(pattern[i:])
			ps = addLit(ps, text)
		case c|0x20 >= 'a' && c|0x20 <= 'z':
			for i+n < len(pattern) && pattern[i+n] == c {
				n++
			}
			ps = append(ps, javaPiece(c, n))
		default:
			ps = addLit(ps, pattern[i:i+1])
		}
		i += n
	}
	return ps
}

// javaQuoted reads text in apostrophes; two of them are one.
func javaQuoted(s string) (text string, n int) {
	if strings.HasPrefix(s, "''") {
		return "'", 2
	}
	var b strings.Builder
	for n = 1; n < len(s); n++ {
		if s[n] != '\'' {
			b.WriteByte(s[n])
			continue
		}
		if n+1 == len(s) || s[n+1] != '\'' {
			return b.String(), n + 1
		}
		b.WriteByte('\'')
		n++
	}
	return b.String(), n
}

// javaNumbers are the letters for numbers: the part, and what it may be.
var javaNumbers = map[byte]piece{
	'd': {part: partDay, min: 1, max: 31},
	'D': {part: partYearDay, min: 1, max: 366},
	'H': {part: partHour, max: 23},
	'h': {part: partHour12, min: 1, max: 12},
	'K': {part: partHour12, max: 11},
	'm': {part: partMinute, max: 59},
	's': {part: partSecond, max: 60},
}

// javaPiece is a letter that stands n times. A letter that is not known is a text
// of unknown form, which makes the time unreadable.
func javaPiece(c byte, n int) piece {
	if p, ok := javaNumbers[c]; ok {
		p.kind, p.width, p.pad = pieceDigits, n, '0'
		if n == 1 {
			p.width, p.most = 0, len("366")
		}
		return p
	}
	switch {
	case c == 'y' && n == 2, c == 'u' && n == 2:
		return piece{part: partYear2, kind: pieceDigits, width: 2, pad: '0', max: 99}
	case c == 'y', c == 'u':
		return piece{part: partYear, kind: pieceDigits, width: 4, pad: '0', max: 9999}
	case (c == 'M' || c == 'L') && n < 3:
		p := piece{part: partMonth, kind: pieceDigits, width: n, pad: '0', min: 1, max: 12}
		if n == 1 {
			p.width, p.most = 0, 2
		}
		return p
	case (c == 'M' || c == 'L') && n == 3:
		return piece{part: partMonth, kind: pieceName, names: short(monthNames), min: 1}
	case c == 'M', c == 'L':
		return piece{part: partMonth, kind: pieceName, names: monthNames, min: 1}
	case c == 'E' && n <= 3:
		return piece{kind: pieceName, names: short(dayNames)}
	case c == 'E':
		return piece{kind: pieceName, names: dayNames}
	case c == 'a':
		return piece{part: partHalf, kind: pieceName, names: halves}
	case c == 'S' && n == 3:
		return piece{part: partMilli, kind: pieceDigits, width: 3, pad: '0', max: 999}
	case c == 'S' && n == 6:
		return piece{part: partMicro, kind: pieceDigits, width: 6, pad: '0', max: 999999}
	case c == 'S':
		return piece{kind: pieceDigits, width: n, pad: '0', max: 1<<62 - 1}
	case c == 'Z' && n <= 3:
		return piece{part: partZone, kind: pieceZone}
	case c == 'X' || c == 'x':
		return piece{part: partZone, kind: pieceISOZone, width: n}
	}
	return piece{part: partZoneName, kind: pieceZoneName}
}
