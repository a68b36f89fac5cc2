// A client of Go's crypto/tls: one handshake with the group it is told, 10 MB down, the same 10 MB up, clean close.
// usage: main ADDRESS CA.pem GROUP [SUITE: a name of crypto/tls, and TLS 1.2 with it]
package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
)

func main() {
	address, caFile, group := os.Args[1], os.Args[2], os.Args[3]
	pem, err := os.ReadFile(caFile)
	check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	groups := map[string]tls.CurveID{"X25519": tls.X25519, "P-256": tls.CurveP256, "P-384": tls.CurveP384}
	config := &tls.Config{
		RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{groups[group]}, NextProtos: []string{"http/1.1"},
	}
	if len(os.Args) > 4 {
		config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
		config.CipherSuites = []uint16{suiteNamed(os.Args[4])}
		// An ECDSA certificate has to lie on a curve that is named too (RFC 8422 §5.3).
		config.CurvePreferences = append(config.CurvePreferences, tls.CurveP256)
	}
	var state tls.ConnectionState
	client := &http.Client{Transport: &http.Transport{
		DialTLS: func(network, _ string) (net.Conn, error) {
			conn, err := tls.Dial(network, address, config)
			if err == nil {
				state = conn.ConnectionState()
			}
			return conn, err
		},
	}}
	down, err := client.Get("https://localhost/download")
	check(err)
	body, err := io.ReadAll(down.Body)
	check(err)
	up, err := client.Post("https://localhost/upload", "application/octet-stream", bytes.NewReader(body))
	check(err)
	echoed, err := io.ReadAll(up.Body)
	check(err)
	client.CloseIdleConnections()
	check(json.NewEncoder(os.Stdout).Encode(map[string]string{
		"down": fmt.Sprintf("%x", sha256.Sum256(body)), "up": string(echoed),
		"suite": tls.CipherSuiteName(state.CipherSuite), "alpn": state.NegotiatedProtocol,
	}))
}

func suiteNamed(name string) uint16 {
	for _, suite := range tls.CipherSuites() {
		if suite.Name == name {
			return suite.ID
		}
	}
	panic("no suite is called " + name)
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
