package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"chitin.dev/bench/http2"
)

const transfer = 4 << 20

// connecting: a full handshake, a request through to the upstream, its answer, and a clean end.
func connecting() operation {
	config := configuration("http/1.1")
	// It offers to take tickets, as browsers do, and never has one.
	config.ClientSessionCache = forgetful{}
	return func() (int64, error) { return once(config) }
}

// resuming: the same with the ticket of the connection before.
func resuming() operation {
	config := configuration("http/1.1")
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return func() (int64, error) { return once(config) }
}

func once(config *tls.Config) (int64, error) {
	conn, err := dial(config)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if conn.ConnectionState().DidResume {
		resumed.Add(1)
	}
	return 1, exchange(conn, bufio.NewReaderSize(conn, 4096), request("GET", 16, 0), nil)
}

func http1() operation {
	return keptAlive(request("GET", 1024, 0), nil, 1)
}

func downloading() operation {
	return keptAlive(request("GET", transfer, 0), nil, transfer)
}

func uploading() operation {
	return keptAlive(request("POST", 2, transfer), make([]byte, transfer), transfer)
}

func keptAlive(head, body []byte, amount int64) operation {
	conn, err := dial(configuration("http/1.1"))
	check(err)
	reader := bufio.NewReaderSize(conn, 4096)
	return func() (int64, error) { return amount, exchange(conn, reader, head, body) }
}

func request(method string, answer, body int) []byte {
	return fmt.Appendf(nil, "%s /bytes/%d HTTP/1.1\r\nHost: bench.example.test\r\nUser-Agent: bench\r\nContent-Length: %d\r\n\r\n", method, answer, body)
}

// exchange sends one request and reads its answer.
func exchange(conn net.Conn, reader *bufio.Reader, head, body []byte) error {
	if _, err := conn.Write(head); err != nil {
		return err
	}
	if len(body) > 0 {
		if _, err := conn.Write(body); err != nil {
			return err
		}
	}
	length := int64(-1)
	for first := true; ; first = false {
		line, err := reader.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
			return fmt.Errorf("found %q, expected HTTP/1.1 200", line)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, found := bytes.Cut(line, []byte(":")); found && bytes.EqualFold(name, []byte("content-length")) {
			length, _ = strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
		}
	}
	if length < 0 {
		return errors.New("found no Content-Length in the answer")
	}
	return skip(conn, reader, length)
}

// skip reads a body past the small buffer of the head.
func skip(conn net.Conn, reader *bufio.Reader, length int64) error {
	buffered := min(int64(reader.Buffered()), length)
	if _, err := reader.Discard(int(buffered)); err != nil {
		return err
	}
	if length == buffered {
		return nil
	}
	buffer := make([]byte, min(length-buffered, 64<<10))
	for left := length - buffered; left > 0; {
		read, err := conn.Read(buffer[:min(left, int64(len(buffer)))])
		if err != nil {
			return err
		}
		left -= int64(read)
	}
	return nil
}

// overHTTP2: one stream after the other on a kept connection, each a request of 1 KB.
func overHTTP2() operation {
	conn, err := dial(configuration("h2"))
	check(err)
	reader := bufio.NewReaderSize(conn, 16384)
	out := http2.Append([]byte(http2.Preface), http2.Settings, 0, 0, nil)
	buffer := make([]byte, 16384)
	stream := uint32(1)
	received := uint32(0)
	return func() (int64, error) {
		out = http2.Append(out, http2.Headers, http2.EndStream|http2.EndHeaders, stream, requestHead)
		if _, err := conn.Write(out); err != nil {
			return 0, err
		}
		out = out[:0]
		for {
			frame, err := http2.Read(reader, buffer)
			if err != nil {
				return 0, err
			}
			switch frame.Type {
			case http2.Settings:
				if frame.Flags&http2.Ack == 0 {
					out = http2.Append(out, http2.Settings, http2.Ack, 0, nil)
				}
			case http2.GoAway:
				return 0, errors.New("found GOAWAY, expected an answer")
			case http2.Data:
				received += uint32(len(frame.Payload))
			}
			if received >= 32768 {
				out = http2.AppendWindowUpdate(out, 0, received)
				received = 0
			}
			if frame.Stream == stream && frame.Type <= http2.Headers && frame.Flags&http2.EndStream != 0 {
				stream += 2
				return 1, nil
			}
		}
	}
}

// RFC 7541 §6.1, appendix A: `:method GET` and `:scheme https` are static, path and authority literals without indexing.
var requestHead = bytes.Join([][]byte{{0x82, 0x87}, literal(4, "/bytes/1024"), literal(1, "bench.example.test")}, nil)

func literal(name byte, value string) []byte {
	return append([]byte{name, byte(len(value))}, value...)
}

func configuration(protocol string) *tls.Config {
	groups := map[string]tls.CurveID{"X25519": tls.X25519, "P-256": tls.CurveP256, "X25519MLKEM768": tls.X25519MLKEM768}
	id, known := groups[*group]
	if !known {
		check(fmt.Errorf("found group %q, expected X25519, P-256 or X25519MLKEM768", *group))
	}
	// Who vouches for the certificate is not what is measured; its signature over the handshake is verified all the same.
	config := &tls.Config{
		InsecureSkipVerify: true, ServerName: "bench.example.test", MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{id}, NextProtos: []string{protocol},
	}
	if *version == "1.2" {
		// There the list binds the certificate's curve too (RFC 8422 §5.3); X25519 is every server's choice all the same.
		config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		config.CurvePreferences = []tls.CurveID{id, tls.CurveP256}
	}
	return config
}

// dial connects from one of many loopback addresses: one alone has ports for 28 000 connections a minute.
func dial(config *tls.Config) (*tls.Conn, error) {
	number := dialled.Add(1)
	from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+number%8), 1)}
	tcp, err := (&net.Dialer{LocalAddr: from}).Dial("tcp", *address)
	if err != nil {
		return nil, err
	}
	conn := tls.Client(tcp, config)
	if err := conn.Handshake(); err != nil {
		tcp.Close()
		return nil, err
	}
	state := conn.ConnectionState()
	lastState.Store(&state)
	return conn, nil
}

var (
	dialled, resumed atomic.Int64
	lastState        atomic.Pointer[tls.ConnectionState]
)

func seenGroup() string { return lastState.Load().CurveID.String() }
func seenSuite() string { return tls.CipherSuiteName(lastState.Load().CipherSuite) }

type forgetful struct{}

func (forgetful) Get(string) (*tls.ClientSessionState, bool) { return nil, false }
func (forgetful) Put(string, *tls.ClientSessionState)        {}
