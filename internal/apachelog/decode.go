package apachelog

import "encoding/binary"

const clfLength = len("[02/Jan/2006:15:04:05 -0700]")

// clfCache reads the time of the common log format. It remembers the minute and
// the zone of the last one, because most lines lie in the same minute: then only
// the seconds are read.
type clfCache struct {
	head, mid uint64 // [dd/Mon/ and yyyy:HH:
	minute    uint32 // MM:
	tail      uint64 // (second's last digit) ±hhmm]
	unix      int64  // of second 0 of that minute
}

// read returns the seconds since 1970 that s, of clfLength bytes, says.
func (c *clfCache) read(s []byte) (int64, bool) {
	_ = s[clfLength-1]
	head, mid := binary.LittleEndian.Uint64(s), binary.LittleEndian.Uint64(s[8:])
	minute := binary.LittleEndian.Uint32(s[16:]) & 0xffffff
	tail := binary.LittleEndian.Uint64(s[20:]) &^ 0xff
	if head != c.head || mid != c.mid || minute != c.minute || tail != c.tail {
		unix, ok := readMinute(s)
		if !ok {
			return 0, false
		}
		c.head, c.mid, c.minute, c.tail, c.unix = head, mid, minute, tail, unix
	}
	tens, ones := s[19]-'0', s[20]-'0'
	second := int64(tens)*10 + int64(ones)
	return c.unix + second, ones <= 9 && second <= 60 // 60: a leap second
}

// readMinute reads everything but the seconds.
func readMinute(s []byte) (int64, bool) {
	if s[0] != '[' || s[3] != '/' || s[7] != '/' || s[12] != ':' || s[15] != ':' || s[18] != ':' ||
		s[21] != ' ' || s[27] != ']' {
		return 0, false
	}
	day, month := twoDigits(s[1:]), monthOf(s[4:7])
	century, year2 := twoDigits(s[8:]), twoDigits(s[10:])
	hour, minute := twoDigits(s[13:]), twoDigits(s[16:])
	offset, ok := parseZone(s[22:])
	if day < 1 || month < 1 || century < 0 || year2 < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || !ok {
		return 0, false
	}
	year := int64(century*100 + year2)
	if day > daysIn(year, month) {
		return 0, false
	}
	days := daysTo(year, month) + int64(day) - 1
	return days*86400 + int64(hour)*3600 + int64(minute)*60 - int64(offset), true
}

// twoDigits returns the number in the first two bytes, negative if they are no
// digits.
func twoDigits(s []byte) int {
	a, b := s[0]-'0', s[1]-'0'
	if a > 9 || b > 9 {
		return -1
	}
	return int(a)*10 + int(b)
}

func monthOf(s []byte) int {
	for i, name := range monthNames {
		if string(s) == name[:3] {
			return i + 1
		}
	}
	return 0
}

// parseZone reads ±hhmm and returns the seconds east of Greenwich.
func parseZone(s []byte) (int, bool) {
	if len(s) < 5 || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, minutes := twoDigits(s[1:]), twoDigits(s[3:])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := hours*3600 + minutes*60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func leap(year int64) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// monthDays holds the days before each month of a year that is no leap year.
var monthDays = [...]int{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365}

func daysIn(year int64, month int) int {
	n := monthDays[month] - monthDays[month-1]
	if month == 2 && leap(year) {
		n++
	}
	return n
}

// daysTo returns the days from 1970 to the first of a month.
func daysTo(year int64, month int) int64 {
	y := year - 1
	days := y*365 + floorDiv(y, 4) - floorDiv(y, 100) + floorDiv(y, 400) - 719162 // days from year 1 to 1970
	days += int64(monthDays[month-1])
	if month > 2 && leap(year) {
		days++
	}
	return days
}

// floorDiv rounds down also below zero, which the year 0 of a made-up time needs.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// parseNumber reads digits, with a minus sign in front if that is allowed.
func parseNumber(s []byte, minus bool) (int64, bool) {
	negative := minus && len(s) > 0 && s[0] == '-'
	if negative {
		s = s[1:]
	}
	v := int64(0)
	for i, c := range s {
		d := int64(c - '0')
		// Eighteen digits always fit.
		if c-'0' > 9 || i >= 18 && v > (1<<63-1-d)/10 {
			return 0, false
		}
		v = v*10 + d
	}
	if len(s) == 0 {
		return 0, false
	}
	if negative {
		v = -v
	}
	return v, true
}

// appendUnescaped undoes httpd's escapes. What is no such escape stays as it is,
// because other writers know fewer of them.
func appendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			dst = append(dst, s[i])
			continue
		}
		switch c := s[i+1]; c {
		case '"', '\\':
			dst = append(dst, c)
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'v':
			dst = append(dst, '\v')
		case 'x':
			if i+3 < len(s) && hexDigit(s[i+2]) >= 0 && hexDigit(s[i+3]) >= 0 {
				dst = append(dst, byte(hexDigit(s[i+2])<<4|hexDigit(s[i+3])))
				i += 2
				break
			}
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', c)
		}
		i++
	}
	return dst
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
