// A client of Java's JSSE: connects as often as it is told, asks for /seen, and prints each answer on a line of its own.
// usage: java Client.java PORT CA.pem VERSION SUITE GROUP TIMES [CERTIFICATE.pem KEY.pem]
// VERSION is 1.2 or 1.3; SUITE and GROUP are the IANA names, or "any".
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Client {
  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    String group = Map.of("X25519", "x25519", "P-256", "secp256r1", "P-384", "secp384r1").getOrDefault(args[4], args[4]);
    if (!group.equals("any")) System.setProperty("jdk.tls.namedGroups", group);

    SSLContext context = SSLContext.getInstance("TLS");
    context.init(args.length > 6 ? keys(args[6], args[7]).getKeyManagers() : null, roots(args[1]).getTrustManagers(), null);
    for (int times = Integer.parseInt(args[5]); times > 0; times--) {
      try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setProtocols(new String[] {"TLSv" + args[2]});
        if (!args[3].equals("any")) parameters.setCipherSuites(new String[] {args[3]});
        parameters.setEndpointIdentificationAlgorithm("HTTPS");
        socket.setSSLParameters(parameters);
        socket.getOutputStream().write("GET /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        System.out.println(answer.split("\r\n\r\n", 2)[1]);
      }
    }
  }

  private static TrustManagerFactory roots(String file) throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    for (Certificate certificate : certificates(file))
      store.setCertificateEntry(((X509Certificate) certificate).getSubjectX500Principal().getName(), certificate);
    TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(store);
    return factory;
  }

  private static KeyManagerFactory keys(String certificateFile, String keyFile) throws Exception {
    String pem = Files.readString(Path.of(keyFile)).replaceAll("-----[A-Z ]+-----|\\s", "");
    Certificate[] chain = certificates(certificateFile);
    String kind = chain[0].getPublicKey().getAlgorithm();
    PrivateKey key = KeyFactory.getInstance(kind).generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem)));
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    store.setKeyEntry("client", key, new char[0], chain);
    KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(store, new char[0]);
    return factory;
  }

  private static Certificate[] certificates(String file) throws Exception {
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      return CertificateFactory.getInstance("X.509").generateCertificates(in).toArray(new Certificate[0]);
    }
  }
}
