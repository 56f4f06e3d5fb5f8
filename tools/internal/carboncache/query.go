package carboncache

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"
	"time"
)

// A Query is a connection to carbon-cache's port for questions about its
// memory. It is opened beforehand, so that an answer is about the moment of
// the question.
type Query struct{ conn net.Conn }

// queryPatience bounds the wait for an answer of some megabytes.
const queryPatience = 30 * time.Second

// Query opens a connection.
func (s *Server) Query() (*Query, error) {
	conn, err := net.DialTimeout("tcp", s.at(s.query), queryPatience)
	if err != nil {
		return nil, fmt.Errorf("connect to carbon-cache for a question: %w", err)
	}
	return &Query{conn}, nil
}

// Close closes the connection.
func (q *Query) Close() error { return q.conn.Close() }

// Values returns the set of values that carbon-cache holds of a series in its
// memory, whatever their times.
func (q *Query) Values(series string) (map[float64]bool, error) {
	// A pickle of {"type": "cache-query", "metric": series}, with a length
	// before it, as the answer has one.
	question := fmt.Sprintf("(S'type'\nS'cache-query'\nS'metric'\nS'%s'\nd.", series)
	if err := q.conn.SetDeadline(time.Now().Add(queryPatience)); err != nil {
		return nil, fmt.Errorf("ask carbon-cache: %w", err)
	}
	message := append(binary.BigEndian.AppendUint32(nil, uint32(len(question))), question...)
	if _, err := q.conn.Write(message); err != nil {
		return nil, fmt.Errorf("ask carbon-cache: %w", err)
	}
	var length [4]byte
	if _, err := io.ReadFull(q.conn, length[:]); err != nil {
		return nil, fmt.Errorf("answer of carbon-cache: %w", err)
	}
	answer := make([]byte, binary.BigEndian.Uint32(length[:]))
	if _, err := io.ReadFull(q.conn, answer); err != nil {
		return nil, fmt.Errorf("answer of carbon-cache: %w", err)
	}
	return floats(answer), nil
}

// floats returns every number that a pickle of protocol 2 may hold as a float:
// the eight bytes behind each "G", its mark for one. By chance a "G" within
// something else adds a number or two that nobody asks for.
func floats(pickle []byte) map[float64]bool {
	values := make(map[float64]bool)
	for i := 0; i+9 <= len(pickle); i++ {
		if pickle[i] == 'G' {
			values[math.Float64frombits(binary.BigEndian.Uint64(pickle[i+1:]))] = true
		}
	}
	return values
}
