// Package http2 knows just enough of RFC 9113 to ask and to answer one request at a time, at next to no cost: what is
// measured is the terminator between, and a complete implementation would cost more than it does.
package http2

import (
	"encoding/binary"
	"io"
)

// Preface is what a client says first (RFC 9113 §3.4).
const Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// Types and flags of the frames that matter here (RFC 9113 §6).
const (
	Data         = 0x0
	Headers      = 0x1
	Settings     = 0x4
	Ping         = 0x6
	GoAway       = 0x7
	WindowUpdate = 0x8

	Ack        = 0x1
	EndStream  = 0x1
	EndHeaders = 0x4
)

// Frame is a frame's header, and its payload, which is valid until the next one is read.
type Frame struct {
	Type, Flags byte
	Stream      uint32
	Payload     []byte
}

// Read reads one frame, into the buffer where that is long enough.
func Read(from io.Reader, buffer []byte) (Frame, error) {
	var header [9]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return Frame{}, err
	}
	length := int(header[0])<<16 | int(header[1])<<8 | int(header[2])
	if length > len(buffer) {
		buffer = make([]byte, length)
	}
	_, err := io.ReadFull(from, buffer[:length])
	return Frame{header[3], header[4], binary.BigEndian.Uint32(header[5:]), buffer[:length]}, err
}

// Append adds a frame to what is to be sent.
func Append(out []byte, kind, flags byte, stream uint32, payload []byte) []byte {
	length := len(payload)
	out = append(out, byte(length>>16), byte(length>>8), byte(length), kind, flags)
	out = binary.BigEndian.AppendUint32(out, stream)
	return append(out, payload...)
}

// AppendWindowUpdate gives a stream, or with 0 the connection, so many bytes more (RFC 9113 §6.9).
func AppendWindowUpdate(out []byte, stream, bytes uint32) []byte {
	return Append(out, WindowUpdate, 0, stream, binary.BigEndian.AppendUint32(nil, bytes))
}
