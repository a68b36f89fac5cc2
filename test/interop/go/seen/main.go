// A client of Go's crypto/tls: connects as often as it is told, asks for /seen, and prints each answer on a line of its own.
// usage: seen PORT CA.pem VERSION SUITE GROUP TIMES [CERTIFICATE.pem KEY.pem]
// VERSION is 1.2 or 1.3; SUITE and GROUP are the IANA names, or "any".
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

var groups = map[string]tls.CurveID{
	"X25519": tls.X25519, "P-256": tls.CurveP256, "P-384": tls.CurveP384,
	"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768,
}

func main() {
	port, ca, version, suite, group := os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5]
	times, err := strconv.Atoi(os.Args[6])
	check(err)
	pem, err := os.ReadFile(ca)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	config := &tls.Config{RootCAs: roots, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(8)}
	config.MinVersion = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[version]
	config.MaxVersion = config.MinVersion
	if group != "any" {
		config.CurvePreferences = []tls.CurveID{groups[group]}
	}
	for _, one := range tls.CipherSuites() {
		if one.Name == suite {
			config.CipherSuites = []uint16{one.ID}
		}
	}
	if len(os.Args) > 8 {
		pair, err := tls.LoadX509KeyPair(os.Args[7], os.Args[8])
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	for range times {
		conn, err := tls.Dial("tcp", "127.0.0.1:"+port, config)
		check(err)
		_, err = io.WriteString(conn, "GET /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		check(err)
		answer, err := io.ReadAll(conn)
		check(err)
		conn.Close()
		_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
		fmt.Println(body)
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
