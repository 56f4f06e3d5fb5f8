package carbon

import "time"

// Stats are the state and the counters of one destination.
type Stats struct {
	Address   Address
	Connected bool
	Away      time.Time // since when nobody answers; zero while that is not so

	Waiting      int   // points not sent yet, or sent in vain
	Held         int   // points that wait besides, until their series is introduced
	NewSeries    int   // series that wait to be introduced
	Resting      int   // points that wait besides, until the archive that has others of their step has ended
	InDoubt      int   // points sent on the present connection, no receipt yet
	Replaying    int   // delivered points that have to go again
	Kept         int   // delivered points kept for a replay
	Undelivered  int   // points whose newest total never had a receipt
	WaitingBytes int64 // what the undelivered points take of the buffer
	Series       int   // series with a point in the outbox

	Sent       int64 // points given to a connection, repetitions included
	Delivered  int64 // points confirmed by a receipt, repetitions included
	Connects   int64 // connections opened
	Failures   int64 // attempts to connect that failed
	Breaks     int64 // connections that ended in any way but a receipt
	Receipts   int64
	Replays    int64 // full replays begun
	Incomplete int64 // full replays that lacked points the history had to drop
	Shed       int64 // undelivered points dropped at the bound
	Declined   int64 // points offered, and not taken for want of room
	Dropped    int64 // delivered points dropped from the history at its bound
	Refused    int64 // points that would have broken the protocol
	SetAside   int64 // points dropped because the peer ends every connection that brings them
	TooOld     int64 // undelivered points dropped because no archive keeps their age
	Partial    int64 // undelivered points dropped because of their longer step other points are forgotten
	Panics     int64 // panics caught while sending

	Bound       int64     // of the undelivered points in the buffer, in bytes
	LastReceipt time.Time // zero: none yet
	LastError   string
}

// Stats returns the present numbers.
func (s *Sender) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, b := s.st, s.box
	st.Address, st.Away = s.o.Address, s.away
	st.Waiting = b.count[waiting]
	st.Resting, st.TooOld, st.Partial = b.count[resting], b.tooOld, b.partial
	st.Held, st.NewSeries = b.count[held], len(b.strangers)
	st.InDoubt = b.count[inDoubt]
	st.Replaying = b.count[replaying]
	st.Kept = b.count[delivered0] + b.count[delivered1] + b.count[delivered2]
	st.Undelivered = b.owed
	st.WaitingBytes, st.Bound = int64(b.owed)*pointBytes, int64(b.buffer)*pointBytes
	st.Series = len(b.names.ids) - b.idle
	st.Shed, st.Dropped, st.Incomplete, st.Replays = b.shed, b.dropped, b.incomplete, b.replays
	return st
}
