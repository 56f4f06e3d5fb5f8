package main

import (
	"fmt"

	"github.com/logfeed/logfeed/internal/apachelog"
)

// tellEnds checks that the end of a request can be told by every format, if
// lines are to be counted there.
func (c *config) tellEnds() error {
	if !c.atEnd {
		return nil
	}
	for _, f := range c.formats {
		if f.Provides()&apachelog.Time == 0 || f.TellsEnd() {
			continue // without a time it belongs to no bucket at all
		}
		err := fmt.Errorf("end needs %%D, %%{us}T, %%{ms}T or %%T, or the time of the end itself such as %%{end}t, and the format %s has neither", f)
		for _, l := range c.assessed {
			if l.format == f {
				return fmt.Errorf("%w; it is that of %s (%s): --exclude it", err, l.Path, l.Place)
			}
		}
		return err
	}
	return nil
}
