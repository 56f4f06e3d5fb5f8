package roundtrip

import (
	"fmt"
	"maps"

	"github.com/logfeed/logfeed/tools/internal/whisper"
)

// At returns the points of steps that are longer, whose values are the sums.
func (p Points) At(step int64) Points {
	sums := make(Points)
	for series, buckets := range p {
		sums[series] = make(map[int64]float64)
		for bucket, value := range buckets {
			sums[series][bucket-bucket%step] += value
		}
	}
	return sums
}

// CompareArchives returns the cells of whisper files, of all their archives,
// in which they differ from the truth at the step of the archive. The truth
// has one point for each step of the finest archive. It was sent in one go,
// after begin; the files were read at end, both in Unix seconds. In the last
// five minutes of an archive that is not the coarsest there need be nothing any
// more.
//
// Close to its end an archive shows the totals of the next coarser step, at
// the start of that step and followed by nothing or by zeros: logfeed sends
// nothing finer there, because Carbon might judge its age so late that it would
// go into the coarser archive. In such a place the sum over the coarser step has
// to be right, and so it has to be in the coarser archive itself.
func CompareArchives(truth Points, files map[string]whisper.File, begin, end int64) []Difference {
	var differences []Difference
	for series := range truth {
		file := files[series]
		for i, archive := range file.Archives {
			want, got := truth.At(archive.Step)[series], maps.Clone(archive.Values)
			a := comparison{step: archive.Step, oldest: end - archive.Step*int64(archive.Slots)}
			if i+1 < len(file.Archives) {
				a.zone(file.Archives[i+1].Step, begin, end)
				a.settle(want, got)
			}
			a.forget(want, got)
			name := fmt.Sprintf("%s, steps of %d s", series, archive.Step)
			differences = append(differences, Compare(Points{name: want}, Points{name: got})...)
		}
		if len(file.Archives) == 0 {
			differences = append(differences, Compare(Points{series: truth[series]}, nil)...)
		}
	}
	return differences
}

// A comparison is about one archive.
type comparison struct {
	step   int64
	oldest int64 // what is not younger may be there or not
	coarse int64 // the step of the next coarser archive, 0 in the last one
	// Steps that begin before sure came as coarse totals, those that begin at
	// or after fine did not. Between the two, the time of sending decides.
	sure, fine int64
}

// zone finds out where coarse totals were sent: at ages from the retention
// less two coarse steps, or an hour if that is more, to whole coarse steps.
func (a *comparison) zone(coarse, begin, end int64) {
	a.coarse = coarse
	// oldest is as of end.
	edge := a.oldest + max(2*coarse, 3600)
	up := func(t int64) int64 { return (t + coarse - 1) / coarse * coarse }
	a.sure, a.fine = up(edge-(end-begin)), up(edge)
}

// settle replaces the fine points that were wanted by their coarse totals,
// where those were sent.
func (a *comparison) settle(want, got map[int64]float64) {
	sums := make(map[int64]float64)
	for bucket, value := range want {
		if start := bucket - bucket%a.coarse; start < a.fine {
			sums[start] += value
		}
	}
	for start, sum := range sums {
		if start >= a.sure && !a.single(got, start) {
			continue
		}
		for bucket := start; bucket < start+a.coarse; bucket += a.step {
			delete(want, bucket)
		}
		want[start] = sum
		for bucket := start + a.step; bucket < start+a.coarse; bucket += a.step {
			if got[bucket] == 0 {
				delete(got, bucket)
			}
		}
	}
}

// single tells whether a coarse step has no more than one point that is not 0,
// at its start.
func (a *comparison) single(got map[int64]float64, start int64) bool {
	for bucket := start + a.step; bucket < start+a.coarse; bucket += a.step {
		if got[bucket] != 0 {
			return false
		}
	}
	return true
}

// forget leaves out the cells that the archive need not have any more. Of a
// cell that it has all the same, it must have the right value.
func (a *comparison) forget(want, got map[int64]float64) {
	oldest := a.oldest
	if a.coarse > 0 {
		// logfeed sends these together with what is beyond the archive, for
		// which they may be by the time that Carbon writes them. go-carbon
		// then puts the oldest of them into the coarser archive alone.
		oldest += 300
	}
	for bucket := range want {
		if _, ok := got[bucket]; !ok && bucket <= oldest {
			delete(want, bucket)
		}
	}
}
