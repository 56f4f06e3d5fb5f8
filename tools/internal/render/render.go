// Package render asks a render API, that of graphite-web or of carbonapi, as a
// dashboard does.
package render

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Points reads the points of the targets from the step that begins at first to
// the one that begins at last, in Unix seconds, as series, time and value. A
// step without a point is not in it. The server is at base, which has no slash at
// its end.
func Points(ctx context.Context, base string, first, last int64, targets ...string) (map[string]map[int64]float64, error) {
	body, err := get(ctx, base, first, last, targets, url.Values{"format": {"json"}})
	if err != nil {
		return nil, err
	}
	return decode(body)
}

// Picture has the server draw the targets over that time, as a PNG. More
// settings, such as title and width, are those of the API.
func Picture(ctx context.Context, base string, first, last int64, settings url.Values, targets ...string) ([]byte, error) {
	settings.Set("format", "png")
	return get(ctx, base, first, last, targets, settings)
}

func get(ctx context.Context, base string, first, last int64, targets []string, query url.Values) ([]byte, error) {
	query.Set("noCache", "1")
	query.Set("from", strconv.FormatInt(first-1, 10))
	query.Set("until", strconv.FormatInt(last, 10))
	query["target"] = targets
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/render/?"+query.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read an answer of %s: %w", base, err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %.1000s", base, response.Status, strings.TrimSpace(string(body)))
	}
	return body, nil
}

func decode(body []byte) (map[string]map[int64]float64, error) {
	var answer []struct {
		Target     string        `json:"target"`
		Datapoints [][2]*float64 `json:"datapoints"` // value and time
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("an answer of the render API: %w", err)
	}
	points := make(map[string]map[int64]float64, len(answer))
	for _, series := range answer {
		values := make(map[int64]float64)
		for _, p := range series.Datapoints {
			if p[0] != nil && p[1] != nil {
				values[int64(*p[1])] = *p[0]
			}
		}
		points[series.Target] = values
	}
	return points, nil
}
