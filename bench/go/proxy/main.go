// What a Go programmer would write in thirty lines: crypto/tls in front, two copies behind.
//
//	proxy ADDRESS UPSTREAM CERTIFICATE KEY
package main

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"os"
)

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[3], os.Args[4])
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2", "http/1.1"}}
	listener, err := tls.Listen("tcp", os.Args[1], config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go proxy(conn.(*tls.Conn), os.Args[2])
	}
}

func proxy(client *tls.Conn, address string) {
	defer client.Close()
	if client.Handshake() != nil {
		return
	}
	upstream, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer upstream.Close()
	go func() {
		io.Copy(upstream, client)
		upstream.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(client, upstream)
	client.CloseWrite()
}
