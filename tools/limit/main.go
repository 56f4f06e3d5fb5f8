// Command limit measures where one go-carbon ends: how many points a second it
// takes and stores, by the number of series, and what memory and disk it needs.
// The points come from internal/carbon, as those of logfeed do.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/logfeed/logfeed/internal/carbon"
	"github.com/logfeed/logfeed/internal/point"
	"github.com/logfeed/logfeed/tools/internal/gocarbon"
)

func main() {
	binary := flag.String("go-carbon", "build/go-carbon", "the program")
	dir := flag.String("dir", "build/limit.data", "where it keeps its files; emptied before each run")
	total := flag.Int("points", 2_000_000, "points of a run")
	sizes := flag.String("series", "1000,10000,50000", "series of each run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	fmt.Println("| series | new series/s | taken, points/s | stored, points/s | peak memory, MiB | disk a series, KiB |")
	fmt.Println("|---|---|---|---|---|---|")
	for text := range strings.SplitSeq(*sizes, ",") {
		series, err := strconv.Atoi(text)
		if err == nil {
			err = measure(ctx, *binary, filepath.Join(*dir, text), series, *total/series)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "limit:", err)
			os.Exit(1)
		}
	}
}

// Stock retentions, and room in memory for all that is sent.
const schemas = "[all]\npattern = .*\nretentions = 60s:1d,5m:30d,1h:3y\n"

// measure sends so many buckets of every series as fast as go-carbon takes
// them, and prints a row of the table.
func measure(ctx context.Context, binary, dir string, series, buckets int) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	server, err := gocarbon.Start(ctx, gocarbon.Options{Binary: binary, Dir: dir, Prefix: "apache", Schemas: schemas})
	if err != nil {
		return err
	}
	defer server.Kill()
	address, err := carbon.ParseAddress(server.Addr())
	if err != nil {
		return err
	}
	group := carbon.NewGroup(carbon.GroupOptions{}, carbon.NewSender(carbon.Options{Address: address, Once: true}))
	defer group.Stop(ctx)

	// The first point of a series makes its file; what comes after is the rule.
	now := time.Now().Truncate(time.Minute)
	_, created, err := deliver(ctx, server, group, series, now.Add(-time.Duration(buckets)*time.Minute), 1)
	if err != nil {
		return err
	}
	taken, stored, err := deliver(ctx, server, group, series, now.Add(-time.Duration(buckets-1)*time.Minute), buckets-1)
	if err != nil {
		return err
	}
	peak, _ := server.Peak()
	disk, err := diskUsage(server.WhisperDir())
	if err != nil {
		return err
	}
	n := float64(series * (buckets - 1))
	fmt.Printf("| %d | %.0f | %.0f | %.0f | %d | %d |\n",
		series, float64(series)/created.Seconds(), n/taken.Seconds(), n/stored.Seconds(), peak>>20, disk/int64(series)>>10)
	return nil
}

// deliver sends so many buckets of every series, and returns when they were
// taken and when they were in the whisper files.
func deliver(ctx context.Context, server *gocarbon.Server, group *carbon.Group, series int, first time.Time, buckets int) (taken, stored time.Duration, err error) {
	begin := time.Now()
	points := make([]point.Point, series)
	for i := range buckets {
		for j := range points {
			points[j] = point.Point{Series: fmt.Sprintf("apache.web%d.s%02d.count", j/50, j%50), Value: float64(i + j), Time: first.Unix() + int64(60*i)}
		}
		if err := group.Write(ctx, points); err != nil {
			return 0, 0, err
		}
	}
	if err := group.Drain(ctx); err != nil {
		return 0, 0, err
	}
	taken = time.Since(begin)
	for {
		n, err := server.CachedPoints(ctx)
		switch {
		case err != nil:
			return 0, 0, err
		case n == 0:
			return taken, time.Since(begin), nil
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// diskUsage returns how many bytes the whisper files take.
func diskUsage(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			total += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return err
	})
	return total, err
}
