package status

import (
	"cmp"
	"embed"
	"encoding/json"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The page, with uPlot 1.6.32 and its licence.
//
//go:embed page
var page embed.FS

const (
	// Bounds of what one request may ask of the charts.
	maxLines = 20
	maxNames = 100
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	files, err := fs.Sub(page, "page")
	if err != nil {
		panic(err) // the name is right, or nothing was built
	}
	mux.Handle("/", http.FileServerFS(files))
	mux.HandleFunc("/healthz", s.health)
	mux.Handle("/metrics", metricsHandler(s.o.Report))
	mux.HandleFunc("/api/status", s.status)
	mux.HandleFunc("/api/chart", s.chart)
	mux.HandleFunc("/api/series", s.series)
	return mux
}

// health answers 200 while the reader goes round, and 503 with the reason.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	h := s.o.Report().Health
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !h.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(h.Reason + "\n")) // whoever is gone needs no answer
}

// status answers with the report. files=N leaves only the N files furthest
// behind, of those whose path holds the text of match.
func (s *Server) status(w http.ResponseWriter, r *http.Request) {
	report := s.o.Report()
	if match := r.FormValue("match"); match != "" {
		report.Files = slices.DeleteFunc(slices.Clone(report.Files), func(f File) bool { return !strings.Contains(f.Path, match) })
	}
	if n, err := strconv.Atoi(r.FormValue("files")); err == nil && n >= 0 {
		report.Files = furthestBehind(report.Files, n)
	}
	if report.Files == nil {
		report.Files = []File{}
	}
	answer(w, report)
}

// furthestBehind returns the n files with the most to be read, then those that
// reject most, then the busiest.
func furthestBehind(files []File, n int) []File {
	sorted := slices.SortedFunc(slices.Values(files), func(a, b File) int {
		return cmp.Or(cmp.Compare(b.LagBytes, a.LagBytes), cmp.Compare(b.Rejected, a.Rejected),
			cmp.Compare(b.LinesRate, a.LinesRate), cmp.Compare(a.Path, b.Path))
	})
	return sorted[:min(n, len(sorted))]
}

// chart answers with the newest half hour of the series given as series=NAME
// and of the sums given as sum=ENDING.
func (s *Server) chart(w http.ResponseWriter, r *http.Request) {
	s.o.Charts()
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	series, sums := r.Form["series"], r.Form["sum"]
	if len(series)+len(sums) > maxLines {
		http.Error(w, "at most "+strconv.Itoa(maxLines)+" series at a time", http.StatusBadRequest)
		return
	}
	answer(w, s.o.History.Chart(time.Now(), series, sums))
}

// series answers with the names that hold the text of match.
func (s *Server) series(w http.ResponseWriter, r *http.Request) {
	answer(w, s.o.History.Match(r.FormValue("match"), maxNames))
}

func answer(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(what) // whoever is gone needs no answer
}
