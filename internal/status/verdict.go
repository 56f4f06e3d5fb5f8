package status

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"
)

// A Verdict says in one sentence whether logfeed works.
type Verdict struct {
	Level string `json:"level"` // good, busy, warn or bad
	Text  string `json:"text"`
}

const (
	// notable is how long a Carbon may be away before anybody has to care.
	notable = 5 * time.Second
	// many is the share of rejected lines that says that a format is wrong.
	many = 0.05
)

// Judge sets the verdict by everything else in the report. What is worst comes
// first.
func (r *Report) Judge() {
	for _, look := range []func(*Report) Verdict{stuck, full, away, nothing, unreadable, rejecting, busy} {
		if v := look(r); v.Text != "" {
			r.Verdict = v
			return
		}
	}
	r.Verdict = Verdict{"good", "Working: " + logs(r.FilesInAll) + " read to the end" + r.confirmed() + "."}
}

func stuck(r *Report) Verdict {
	if r.Health.OK {
		return Verdict{}
	}
	return Verdict{"bad", "Not working: " + r.Health.Reason + ". What follows is from before."}
}

func full(r *Report) Verdict {
	if !r.Reading.Full {
		return Verdict{}
	}
	return Verdict{"bad", "Reading waits: no Carbon takes points, and the buffers are full. Nothing is lost while the logs stay."}
}

func away(r *Report) Verdict {
	for _, d := range r.Destinations {
		if d.Away == nil || r.Time.Sub(*d.Away) < notable {
			continue
		}
		return Verdict{"warn", fmt.Sprintf("Carbon %s has been away for %s; %s for it.",
			d.Address, short(r.Time.Sub(*d.Away)), count(d.Waiting, "point waits", "points wait"))}
	}
	return Verdict{}
}

func nothing(r *Report) Verdict {
	if r.FilesInAll > 0 || r.Reading.Unreadable > 0 || r.Reading.Finished {
		return Verdict{}
	}
	return Verdict{"warn", "There is no log to read: no file matches yet."}
}

func unreadable(r *Report) Verdict {
	switch n := r.Reading.Unreadable; {
	case n == 0:
		return Verdict{}
	case len(r.Unreadable) == 0:
		return Verdict{"warn", count(int64(n), "path", "paths") + " cannot be read."}
	case n == 1:
		return Verdict{"warn", r.Unreadable[0].Path + " cannot be read."}
	default:
		return Verdict{"warn", count(int64(n), "path", "paths") + " cannot be read, " + r.Unreadable[0].Path + " among them."}
	}
}

func rejecting(r *Report) Verdict {
	bad, all := r.Lines.RejectedRate, r.Reading.LinesRate
	if all == 0 || bad/all < many {
		return Verdict{}
	}
	return Verdict{"warn", fmt.Sprintf("%.0f %% of the lines of the last seconds are rejected.", 100*bad/all)}
}

func busy(r *Report) Verdict {
	switch {
	case r.Reading.Finished:
		return Verdict{"busy", "Everything has been read, and what is left is being delivered."}
	case r.Reading.Behind && r.Reading.LagBytes > 0:
		return Verdict{"busy", "Catching up: " + humanize.IBytes(uint64(r.Reading.LagBytes)) + " of logs are still to be read."}
	}
	return Verdict{}
}

// confirmed says since when Carbon has everything.
func (r *Report) confirmed() string {
	var oldest *time.Time
	for _, d := range r.Destinations {
		if d.LastReceipt != nil && (oldest == nil || d.LastReceipt.Before(*oldest)) {
			oldest = d.LastReceipt
		}
	}
	if oldest == nil {
		return ""
	}
	return ", last receipt from Carbon " + short(r.Time.Sub(*oldest)) + " ago"
}

func logs(n int) string { return count(int64(n), "log is", "logs are") }

func count(n int64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return humanize.Comma(n) + " " + more
}

func short(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
