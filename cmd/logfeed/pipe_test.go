package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestPipeIsReadOn stops logfeed: a piped log is read for a while longer, files
// are not, and neither is what is to be run again as a whole.
func TestPipeIsReadOn(t *testing.T) {
	for _, c := range []struct {
		config config
		longer time.Duration
	}{
		{config{files: []string{"-"}}, pipeTime},
		{config{files: []string{"-"}, once: true}, 0},
		{config{files: []string{"access.log"}}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			reading, stop := c.config.reading(ctx)
			defer stop()
			time.Sleep(time.Hour)
			if reading.Err() != nil {
				t.Fatalf("%v: reading has ended by itself", c.config.files)
			}
			begin := time.Now()
			cancel()
			<-reading.Done()
			if took := time.Since(begin); took != c.longer {
				t.Errorf("%v, once %t: reading ended %s after the signal", c.config.files, c.config.once, took)
			}
		})
	}
}
