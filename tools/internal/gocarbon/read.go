package gocarbon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// step is the distance of two points in seconds, as the schema has it.
const step = 60

// Series returns the names of all series below the prefix that have a whisper
// file, in alphabetical order within each level.
func (s *Server) Series(ctx context.Context, prefix string) ([]string, error) {
	var answer struct {
		Metrics []struct {
			Matches []struct {
				Path   string `json:"path"`
				IsLeaf bool   `json:"isLeaf"`
			} `json:"matches"`
		} `json:"metrics"`
	}
	query := url.Values{"format": {"json"}, "query": {prefix + ".*"}}
	err := s.get(ctx, "/metrics/find/", query, &answer)
	if errors.Is(err, errNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find series of go-carbon: %w", err)
	}

	var names []string
	for _, metric := range answer.Metrics {
		for _, match := range metric.Matches {
			if match.IsLeaf {
				names = append(names, match.Path)
				continue
			}
			below, err := s.Series(ctx, match.Path)
			if err != nil {
				return nil, err
			}
			names = append(names, below...)
		}
	}
	return names, nil
}

// Points reads the points of the named series from the bucket that begins at
// first to the one that begins at last, both included, in Unix seconds. The
// result maps a series to bucket start and value; a bucket without a point is
// not in it, nor is a series without a whisper file. Points that go-carbon
// holds in memory are included once the series has its file.
func (s *Server) Points(ctx context.Context, first, last int64, series ...string) (map[string]map[int64]float64, error) {
	var answer struct {
		Metrics []struct {
			Name      string    `json:"name"`
			StartTime int64     `json:"startTime"`
			StepTime  int64     `json:"stepTime"`
			Values    []float64 `json:"values"`
			IsAbsent  []bool    `json:"isAbsent"`
		} `json:"metrics"`
	}
	// Whisper gives the buckets that begin after from, up to and including the
	// one that until lies in.
	query := url.Values{
		"format": {"json"},
		"from":   {strconv.FormatInt(first-1, 10)},
		"until":  {strconv.FormatInt(last, 10)},
		"target": series,
	}
	points := make(map[string]map[int64]float64)
	err := s.get(ctx, "/render/", query, &answer)
	if errors.Is(err, errNotFound) {
		return points, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read series out of go-carbon: %w", err)
	}

	for _, metric := range answer.Metrics {
		if metric.StepTime != step || len(metric.IsAbsent) != len(metric.Values) {
			return nil, fmt.Errorf("read series out of go-carbon: %s has %d values, %d absence marks and a step of %d s, want as many marks as values and %d s",
				metric.Name, len(metric.Values), len(metric.IsAbsent), metric.StepTime, step)
		}
		values := make(map[int64]float64)
		for i, value := range metric.Values {
			if !metric.IsAbsent[i] {
				values[metric.StartTime+int64(i)*step] = value
			}
		}
		points[metric.Name] = values
	}
	return points, nil
}

// CachedPoints tells how many points go-carbon holds in memory that are not in
// its whisper files.
func (s *Server) CachedPoints(ctx context.Context) (int, error) {
	var answer struct {
		Cache struct {
			Size int `json:"size"`
		} `json:"cache"`
	}
	if err := s.get(ctx, "/admin/info", url.Values{"scopes": {"cache"}}, &answer); err != nil {
		return 0, fmt.Errorf("ask go-carbon for the size of its cache: %w", err)
	}
	return answer.Cache.Size, nil
}

var errNotFound = errors.New("not found")

// get asks go-carbon's HTTP server and decodes the JSON of its answer.
func (s *Server) get(ctx context.Context, path string, query url.Values, answer any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL()+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	switch response.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return errNotFound
	default:
		return fmt.Errorf("%s: %s: %s", path, response.Status, strings.TrimSpace(string(body)))
	}
	if err := json.Unmarshal(body, answer); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
