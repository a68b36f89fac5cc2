// The upstream of every terminator: it answers GET /bytes/N and POST /bytes/N with N bytes, over HTTP/1.1 or, where the
// client begins with its preface, over HTTP/2, and keeps connections alive. It is not measured, and has to be fast.
//
//	backend ADDRESS
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strconv"
	"strings"

	"chitin.dev/bench/http2"
)

func main() {
	listener, err := net.Listen("tcp", os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening")
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go serve(conn)
	}
}

func serve(conn net.Conn) {
	defer conn.Close()
	// Small: ten thousand idle ones have a buffer each.
	reader := bufio.NewReaderSize(conn, 4096)
	if start, err := reader.Peek(4); err == nil && string(start) == "PRI " {
		serveHTTP2(conn, reader)
		return
	}
	serveHTTP1(conn, reader)
}

func serveHTTP1(conn net.Conn, reader *bufio.Reader) {
	for {
		path, body, err := readRequest(reader)
		if err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, reader, body); err != nil {
			return
		}
		length, _ := strconv.ParseInt(path[strings.LastIndexByte(path, '/')+1:], 10, 64)
		answer := fmt.Appendf(make([]byte, 0, 2048), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length)
		// Head and short body in one write, as servers do.
		short := min(length, 1024)
		answer = append(answer, filler[:short]...)
		if _, err := conn.Write(answer); err != nil {
			return
		}
		for left := length - short; left > 0; {
			written, err := conn.Write(filler[:min(left, int64(len(filler)))])
			if err != nil {
				return
			}
			left -= int64(written)
		}
	}
}

func readRequest(reader *bufio.Reader) (path string, body int64, err error) {
	line, err := reader.ReadSlice('\n')
	if err != nil {
		return "", 0, err
	}
	if fields := strings.Fields(string(line)); len(fields) == 3 {
		path = fields[1]
	}
	for {
		line, err = reader.ReadSlice('\n')
		if err != nil {
			return "", 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return path, body, nil
		}
		if name, value, found := bytes.Cut(line, []byte(":")); found && bytes.EqualFold(name, []byte("content-length")) {
			body, _ = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		}
	}
}

// serveHTTP2 answers each request with 1 KB.
func serveHTTP2(conn net.Conn, reader *bufio.Reader) {
	if _, err := reader.Discard(len(http2.Preface)); err != nil {
		return
	}
	out := http2.Append(nil, http2.Settings, 0, 0, nil)
	buffer := make([]byte, 16384)
	// RFC 7541 §6.1: entry 8 of the static table is `:status 200`.
	head := []byte{0x88}
	for {
		if len(out) > 0 && reader.Buffered() == 0 {
			if _, err := conn.Write(out); err != nil {
				return
			}
			out = out[:0]
		}
		frame, err := http2.Read(reader, buffer)
		if err != nil {
			return
		}
		switch {
		case frame.Type == http2.Settings && frame.Flags&http2.Ack == 0:
			out = http2.Append(out, http2.Settings, http2.Ack, 0, nil)
		case frame.Type == http2.Ping && frame.Flags&http2.Ack == 0:
			out = http2.Append(out, http2.Ping, http2.Ack, 0, frame.Payload)
		case frame.Type == http2.Headers:
			out = http2.Append(out, http2.Headers, http2.EndHeaders, frame.Stream, head)
			out = http2.Append(out, http2.Data, http2.EndStream, frame.Stream, filler[:1024])
		}
	}
}

var filler = bytes.Repeat([]byte("chitin  "), 8192)
