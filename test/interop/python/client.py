"""A client of Python's ssl: connects as often as it is told, asks for /seen, and prints each answer on a line of its own.

usage: client.py PORT CA.pem VERSION SUITE GROUP TIMES [CERTIFICATE.pem KEY.pem]
VERSION is 1.2 or 1.3; SUITE is OpenSSL's name of one of TLS 1.2, or "any"; GROUP must be "any": Python cannot choose it.
"""

import socket
import ssl
import sys

port, ca, version, suite, group, times = sys.argv[1:7]
if group != "any":
    sys.exit("Python's ssl lets no client choose a group")
context = ssl.create_default_context(cafile=ca)
context.minimum_version = context.maximum_version = {
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}[version]
if suite != "any":
    context.set_ciphers(suite)
if len(sys.argv) > 7:
    context.load_cert_chain(sys.argv[7], sys.argv[8])

session = None
for _ in range(int(times)):
    with socket.create_connection(("127.0.0.1", int(port))) as raw:
        with context.wrap_socket(raw, server_hostname="localhost", session=session) as tls:
            tls.sendall(b"GET /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = b""
            while chunk := tls.recv(65536):
                answer += chunk
            session = tls.session  # of TLS 1.3 there is one only after something was read
            print(answer.split(b"\r\n\r\n", 1)[1].decode())
