package oldlogs

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// BusyFormat is the format of Busy's lines, by its nickname.
const BusyFormat = "vhost_combined"

// BusySeries is how many series Busy's lines make with --by vhost: bytes,
// requests and three classes of status of four virtual hosts.
const BusySeries = 20

// Busy writes the logs of a server that is never idle, up to now, a file a day,
// every second one compressed: each of its series has a line in every minute.
func Busy(dir string, days int, now time.Time) (Year, error) {
	var y Year
	for age := range days {
		path := filepath.Join(dir, fmt.Sprintf("access.log.%d", age))
		if age%2 == 1 {
			path += ".gz"
		}
		if err := writeBusyDay(path, age%2 == 1, now.AddDate(0, 0, -age)); err != nil {
			return Year{}, fmt.Errorf("write the log of a busy day: %w", err)
		}
		y.Files = append(y.Files, path)
	}
	return y, nil
}

// writeBusyDay writes the day that ends at end.
func writeBusyDay(path string, packed bool, end time.Time) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close() // again, where all went well
	if !packed {
		return errors.Join(busyDay(file, end), file.Close())
	}
	z, err := gzip.NewWriterLevel(file, gzip.BestSpeed)
	if err != nil {
		return err
	}
	return errors.Join(busyDay(z, end), z.Close(), file.Close())
}

func busyDay(to io.Writer, end time.Time) error {
	w := bufio.NewWriterSize(to, 1<<16)
	for when := end.Add(-24 * time.Hour); when.Before(end); when = when.Add(time.Minute) {
		stamp := when.UTC().Format("02/Jan/2006:15:04:05 -0700")
		for host := range 4 {
			for size, status := range []int{200, 304, 404} {
				// What cannot be written, the end tells.
				fmt.Fprintf(w, `site%d.example:443 192.0.2.%d - - [%s] "GET / HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; Linux x86_64)"`+"\n", host, when.Minute(), stamp, status, 1000*size)
			}
		}
	}
	return w.Flush()
}
