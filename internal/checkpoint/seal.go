package checkpoint

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A checkpoint file is a header and the payload. Numbers are big-endian.
//
//	0  8  "logfeed" and a newline
//	8  4  version of the layout
//	12 8  length of the payload
//	20 4  CRC-32C of bytes 0 to 19 and of the payload
//	24    payload
const (
	magic      = "logfeed\n"
	version    = 1
	headerSize = 24
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts a payload behind its header.
func seal(payload []byte) []byte {
	file := make([]byte, 0, headerSize+len(payload))
	file = append(file, magic...)
	file = binary.BigEndian.AppendUint32(file, version)
	file = binary.BigEndian.AppendUint64(file, uint64(len(payload)))
	file = binary.BigEndian.AppendUint32(file, checksum(file, payload))
	return append(file, payload...)
}

func checksum(head, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli), castagnoli, payload)
}

// unseal returns the payload of a file, or what is wrong with it.
func unseal(file []byte) ([]byte, error) {
	if len(file) < headerSize {
		return nil, fmt.Errorf("cut short: %d bytes, a header has %d", len(file), headerSize)
	}
	head, payload := file[:headerSize-4], file[headerSize:]
	if string(head[:len(magic)]) != magic {
		return nil, errors.New("not a checkpoint of logfeed")
	}
	if v := binary.BigEndian.Uint32(head[8:]); v != version {
		return nil, fmt.Errorf("version %d; this logfeed knows version %d", v, version)
	}
	if n := binary.BigEndian.Uint64(head[12:]); n != uint64(len(payload)) {
		return nil, fmt.Errorf("%d bytes of payload where %d are announced", len(payload), n)
	}
	if binary.BigEndian.Uint32(file[headerSize-4:]) != checksum(head, payload) {
		return nil, errors.New("the checksum does not match")
	}
	return payload, nil
}
