// Package status shows over HTTP how logfeed is: a page for people, JSON of the
// same, metrics for Prometheus and a health check.
//
// It knows nothing of how logs are followed and points sent. Whoever serves it
// makes a Report when one is asked for, out of what others have published.
package status

import "time"

// A Report is everything that there is to be told at one time. Its JSON is what
// /api/status answers. Times that are not known are left out.
type Report struct {
	Time    time.Time `json:"time"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	Prefix  string    `json:"prefix"`
	Verdict Verdict   `json:"verdict"`
	Health  Health    `json:"health"`
	Reading Reading   `json:"reading"`
	Lines   Lines     `json:"lines"`
	Series  Series    `json:"series"`

	Files        []File        `json:"files"`
	FilesInAll   int           `json:"files_in_all"`
	Unreadable   []Unreadable  `json:"unreadable"` // some of them
	Destinations []Destination `json:"destinations"`
	Rejections   []Rejection   `json:"rejections"` // by reason, the most frequent first
	Flags        []Flag        `json:"flags"`
}

// Health says whether the reader goes round. Carbon has no part in it.
type Health struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason"`
}

// Reading is how far the logs have been read.
type Reading struct {
	Behind      bool    `json:"behind"`   // bytes that were there at the last tick are unread
	Full        bool    `json:"full"`     // reading waits: no destination has room
	Finished    bool    `json:"finished"` // nothing more will be read
	LagBytes    int64   `json:"lag_bytes"`
	LagSeconds  *int64  `json:"lag_seconds"` // of log time; null is not known
	BytesRead   int64   `json:"bytes_read"`
	LinesRate   float64 `json:"lines_per_second"`
	Unreadable  int     `json:"unreadable_paths"`
	Rotations   int64   `json:"rotations"`
	Truncations int64   `json:"truncations"`
	Gaps        int64   `json:"gaps"`
	GapBytes    int64   `json:"gap_bytes"`
}

// Lines is what became of the lines that were read. All but the rate count from
// the first run with the state directory on.
type Lines struct {
	Counted      int64   `json:"counted"`
	Rejected     int64   `json:"rejected"`
	RejectedRate float64 `json:"rejected_per_second"`
	Late         int64   `json:"late"`
	TooOld       int64   `json:"too_old"`
	Oversize     int64   `json:"oversize"`
	Outside      int64   `json:"outside"`  // of --since and --until
	Filtered     int64   `json:"filtered"` // left out by --where
}

// Series is how many there are. Max is 0 where there is no bound.
type Series struct {
	Known   int   `json:"known"`
	Max     int   `json:"max"`
	Other   int64 `json:"lines_in_other"`
	Buckets int   `json:"buckets_in_memory"`
	Points  int64 `json:"points"` // given out since the start
}

// A File is one followed file. Bytes of a compressed file are those on disk.
type File struct {
	Path       string     `json:"path"`
	Log        string     `json:"log"` // the followed path that it belongs to
	Size       int64      `json:"size"`
	Position   int64      `json:"position"`
	LagBytes   int64      `json:"lag_bytes"`
	LagSeconds *int64     `json:"lag_seconds"` // of log time; null is not known
	Newest     *time.Time `json:"newest,omitempty"`
	Lines      int64      `json:"lines"` // since the start of the process
	LinesRate  float64    `json:"lines_per_second"`
	Rejected   int64      `json:"rejected"`
	Nameless   bool       `json:"nameless"` // rotated away or deleted, and still read
}

// Unreadable is a path that cannot be read for now.
type Unreadable struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// A Destination is one Carbon.
type Destination struct {
	Address     string     `json:"address"`
	Connected   bool       `json:"connected"`
	Away        *time.Time `json:"away_since,omitempty"` // nobody answers since then
	Waiting     int64      `json:"points_waiting"`
	InDoubt     int64      `json:"points_in_doubt"`  // sent, no receipt yet
	Replaying   int64      `json:"points_replaying"` // delivered ones that go again
	Kept        int64      `json:"points_kept"`
	BufferUsed  int64      `json:"buffer_used_bytes"`
	BufferSize  int64      `json:"buffer_size_bytes"`
	NewSeries   int64      `json:"new_series_waiting"`
	Sent        int64      `json:"points_sent"`
	Delivered   int64      `json:"points_delivered"`
	Connects    int64      `json:"connects"`
	Failures    int64      `json:"connect_failures"`
	Breaks      int64      `json:"breaks"`
	Receipts    int64      `json:"receipts"`
	LastReceipt *time.Time `json:"last_receipt,omitempty"`
	Replays     int64      `json:"replays"`
	Incomplete  int64      `json:"incomplete_replays"`
	Dropped     Dropped    `json:"points_dropped"`
	LastError   string     `json:"last_error"`
}

// Dropped is what a destination has not got and will not get, by the reason.
type Dropped struct {
	Full     int64 `json:"full"`      // oldest points, at the bound
	TooOld   int64 `json:"too_old"`   // no archive keeps their age
	Partial  int64 `json:"partial"`   // of their longer step others are forgotten
	SetAside int64 `json:"set_aside"` // the peer ends every connection that brings them
	Refused  int64 `json:"refused"`   // would have broken the protocol
	Declined int64 `json:"declined"`  // about logfeed itself, at the bound
}

// A Rejection is one reason for which lines were rejected.
type Rejection struct {
	Directive string     `json:"directive"`
	Expected  string     `json:"expected"`
	Column    int        `json:"column"`
	Lines     int64      `json:"lines"`
	Path      string     `json:"path"` // of the newest such line
	Line      int64      `json:"line"` // its number; 0 is not known
	Last      *time.Time `json:"last,omitempty"`
	Text      string     `json:"text,omitempty"` // a part of it, where that may be shown
}

// A Flag is one flag with its value in force.
type Flag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Given bool   `json:"given"`
}
