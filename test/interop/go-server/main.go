// A server of Go's crypto/tls that sends back whatever it is sent, and closes when the client does.
// usage: main CERTIFICATE.pem KEY.pem VERSION GROUP SUITE CA.pem; the last three may be "-": any, any, nobody is asked.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"os"
)

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[1], os.Args[2])
	check(err)
	version := map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[os.Args[3]]
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: version, MaxVersion: version,
		NextProtos: []string{"echo/1"},
	}
	if group, ok := groups[os.Args[4]]; ok {
		config.CurvePreferences = []tls.CurveID{group}
	}
	for _, suite := range tls.CipherSuites() {
		if suite.Name == os.Args[5] {
			config.CipherSuites = []uint16{suite.ID}
		}
	}
	if os.Args[6] != "-" {
		pem, err := os.ReadFile(os.Args[6])
		check(err)
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		config.ClientCAs.AppendCertsFromPEM(pem)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", config)
	check(err)
	fmt.Println("listening on", listener.Addr())
	for {
		conn, err := listener.Accept()
		check(err)
		go func() {
			defer conn.Close()
			if _, err := io.Copy(conn, conn); err != nil {
				fmt.Println("failed:", err)
			}
		}()
	}
}

var groups = map[string]tls.CurveID{
	"X25519": tls.X25519, "P-256": tls.CurveP256, "P-384": tls.CurveP384,
	"X25519MLKEM768": tls.X25519MLKEM768, "SecP256r1MLKEM768": tls.SecP256r1MLKEM768,
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
