// Makes certificate chains at random, asks Go's crypto/x509 about each, and prints both, one JSON object a line.
// usage: main SEED COUNT
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	random "math/rand"
	"net"
	"os"
	"strconv"
	"time"
)

type entity struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

type verdict struct {
	Roots, Presented [][]byte
	Host             string
	Now              int64
	Client, Accepted bool
	Error            string
}

var (
	dice   = random.New(random.NewSource(number(1)))
	now    = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	serial = int64(1)
)

func main() {
	out := json.NewEncoder(os.Stdout)
	for range number(2) {
		check(out.Encode(chain()))
	}
}

func chain() verdict {
	roots := []entity{authority("Root 0", nil), authority("Root 1", nil)}
	all := append([]entity{}, roots...)
	var others []entity
	for i := range 1 + dice.Intn(4) {
		// Few names, so that several certificates stand for one authority, and some lead nowhere.
		issuer, name := all[dice.Intn(len(all))], fmt.Sprintf("Middle %d", dice.Intn(i+2))
		// RFC 5280 §4.2.1.9 leaves self-issued authorities out of path lengths, and Go does not.
		if issuer.certificate.Subject.CommonName == name {
			continue
		}
		one := authority(name, &issuer)
		all, others = append(all, one), append(others, one)
	}
	issuer := all[dice.Intn(len(all))]
	leaf := leafOf(issuer)

	trusted, extra := x509.NewCertPool(), x509.NewCertPool()
	result := verdict{Host: reference(), Now: now.UnixMilli(), Client: chance(70), Presented: [][]byte{leaf.Raw}}
	for _, root := range roots[:1+dice.Intn(2)] {
		trusted.AddCert(root.certificate)
		result.Roots = append(result.Roots, root.certificate.Raw)
	}
	dice.Shuffle(len(others), func(i, j int) { others[i], others[j] = others[j], others[i] })
	for _, one := range others {
		if chance(90) {
			extra.AddCert(one.certificate)
			result.Presented = append(result.Presented, one.certificate.Raw)
		}
	}
	options := x509.VerifyOptions{Roots: trusted, Intermediates: extra, CurrentTime: now, DNSName: result.Host}
	options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if result.Client {
		result.Host, options.DNSName = "", ""
		options.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	_, err := leaf.Verify(options)
	result.Accepted = err == nil
	if err != nil {
		result.Error = err.Error()
	}
	return result
}

func authority(name string, issuer *entity) entity {
	template := common(name)
	template.BasicConstraintsValid = !chance(3)
	template.IsCA = template.BasicConstraintsValid && !chance(4)
	if template.IsCA && chance(25) {
		template.MaxPathLen = dice.Intn(3)
		template.MaxPathLenZero = template.MaxPathLen == 0
	} else {
		template.MaxPathLen = -1
	}
	if chance(60) {
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	} else if chance(8) {
		template.KeyUsage = x509.KeyUsageDigitalSignature
	}
	if chance(15) {
		template.ExtKeyUsage = purposes()
	}
	if template.IsCA && chance(35) {
		constrain(template)
	}
	key := newKey()
	return entity{sign(template, key.Public(), issuer, key), key}
}

func leafOf(issuer entity) *x509.Certificate {
	template := common("leaf")
	template.BasicConstraintsValid = true
	template.MaxPathLen = -1
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if chance(60) {
		template.ExtKeyUsage = purposes()
	}
	for range 1 + dice.Intn(3) {
		switch dice.Intn(4) {
		case 0, 1:
			template.DNSNames = append(template.DNSNames, host())
		case 2:
			template.IPAddresses = append(template.IPAddresses, address())
		default:
			template.EmailAddresses = append(template.EmailAddresses, "ann@"+reference())
		}
	}
	return sign(template, newKey().Public(), &issuer, nil)
}

func common(name string) *x509.Certificate {
	serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name},
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
	}
	if chance(4) {
		template.NotAfter = now.AddDate(0, 0, -1)
	}
	if chance(2) {
		template.NotBefore = now.AddDate(0, 0, 1)
	}
	return template
}

func constrain(template *x509.Certificate) {
	template.PermittedDNSDomainsCritical = chance(80)
	names := func(make func() string) []string {
		if chance(60) {
			return nil
		}
		return []string{make()}
	}
	nets := func() []*net.IPNet {
		if chance(70) {
			return nil
		}
		bits := 8 * dice.Intn(5)
		mask := net.CIDRMask(bits, 32)
		return []*net.IPNet{{IP: address().To4().Mask(mask), Mask: mask}}
	}
	// Not a host alone: by RFC 5280 §4.2.1.10 it means that host, and for Go those below it too.
	mailbox := func() string { return []string{".", "ann@"}[dice.Intn(2)] + reference() }
	template.PermittedDNSDomains, template.ExcludedDNSDomains = names(domain), names(domain)
	template.PermittedEmailAddresses, template.ExcludedEmailAddresses = names(mailbox), names(mailbox)
	template.PermittedIPRanges, template.ExcludedIPRanges = nets(), nets()
}

func sign(template *x509.Certificate, key crypto.PublicKey, issuer *entity, own crypto.Signer) *x509.Certificate {
	parent, signer := template, own
	if issuer != nil {
		parent, signer = issuer.certificate, issuer.key
	}
	if chance(3) {
		// By somebody else of that name.
		impostor := *parent
		impostor.SubjectKeyId = nil
		signer = newKey()
		parent = &impostor
		parent.PublicKey = signer.Public()
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key, signer)
	check(err)
	certificate, err := x509.ParseCertificate(der)
	check(err)
	return certificate
}

func newKey() crypto.Signer {
	switch dice.Intn(4) {
	case 0:
		_, key, err := ed25519.GenerateKey(rand.Reader)
		check(err)
		return key
	case 1:
		key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		check(err)
		return key
	default:
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(err)
		return key
	}
}

func purposes() []x509.ExtKeyUsage {
	all := [][]x509.ExtKeyUsage{
		{x509.ExtKeyUsageServerAuth}, {x509.ExtKeyUsageClientAuth}, {x509.ExtKeyUsageAny},
		{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, {x509.ExtKeyUsageCodeSigning},
	}
	return all[dice.Intn(len(all))]
}

func host() string {
	return []string{"a.test", "x.a.test", "*.a.test", "b.test", "y.x.a.test", "notb.test"}[dice.Intn(6)]
}

func reference() string {
	return []string{"a.test", "x.a.test", "b.test", "y.x.a.test"}[dice.Intn(4)]
}

func domain() string {
	return []string{"a.test", "x.a.test", ".a.test", "b.test", "test", ""}[dice.Intn(6)]
}

func address() net.IP {
	return net.IPv4(10, byte(dice.Intn(2)), byte(dice.Intn(2)), byte(dice.Intn(3)))
}

func chance(percent int) bool { return dice.Intn(100) < percent }

func number(argument int) int64 {
	value, err := strconv.ParseInt(os.Args[argument], 10, 64)
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
