package main

import "sync"

// aheadOfWorkers is how many blocks may wait for a goroutine that is free, or
// to be merged: enough that neither side waits for the other.
const aheadOfWorkers = 2

// A crew sums the blocks of a backlog side by side. A block crosses from the
// goroutine of the pipeline to another one and back with its worker; a line
// never does. All methods are for the goroutine of the pipeline.
type crew struct {
	all   []*worker
	idle  []*worker
	ahead []*worker // with a batch to be merged, in the order of the batches
	queue chan *worker
	size  int // parsers side by side
	wait  sync.WaitGroup
}

// newCrew returns a crew of so many parsers, whose goroutines start begins.
func newCrew(c *config, size int) *crew {
	w := &crew{size: size}
	for range size + aheadOfWorkers {
		w.all = append(w.all, newWorker(c, false))
	}
	w.idle = append(w.idle, w.all...)
	w.queue = make(chan *worker, len(w.all)) // never full
	return w
}

// start begins the goroutines: one fewer than parsers if there are several, since
// the goroutine of the pipeline helps.
func (c *crew) start() {
	for range max(1, c.size-1) {
		// Ends when stop is called.
		c.wait.Go(func() {
			for w := range c.queue {
				w.sum()
				w.summed <- struct{}{}
			}
		})
	}
}

// help sums a batch that no goroutine has begun, and says whether there was one.
// A single parser works beside the goroutine of the pipeline, which then reads.
func (c *crew) help() bool {
	if c.size == 1 {
		return false
	}
	select {
	case w := <-c.queue:
		w.sum()
		w.summed <- struct{}{}
		return true
	default:
		return false
	}
}

// stop ends the goroutines when they have summed what they were given.
func (c *crew) stop() {
	close(c.queue)
	c.wait.Wait()
}

// free returns a worker without a batch, nil if all have one.
func (c *crew) free() *worker {
	n := len(c.idle) - 1
	if n < 0 {
		return nil
	}
	w := c.idle[n]
	c.idle = c.idle[:n]
	return w
}

// give has a worker sum the batch that it has taken.
func (c *crew) give(w *worker) {
	c.ahead = append(c.ahead, w)
	c.queue <- w
}

// first returns the worker whose batch is the next to be merged, nil if there
// is none or, unless wait is set, if it has not been summed yet.
func (c *crew) first(wait bool) *worker {
	if len(c.ahead) == 0 {
		return nil
	}
	w := c.ahead[0]
	if wait {
		<-w.summed
	} else {
		select {
		case <-w.summed:
		default:
			return nil
		}
	}
	return w
}

// merged takes the first worker back, whose batch has been merged.
func (c *crew) merged() {
	c.idle = append(c.idle, c.ahead[0])
	c.ahead = append(c.ahead[:0], c.ahead[1:]...)
}
