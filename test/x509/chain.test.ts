/**
 * Shows RFC 5280 §3.2, §4, §4.1.1.2, §4.1.2.4, §4.1.2.5, §4.1.2.7, §4.2, §4.2.1.3, §4.2.1.6, §4.2.1.10, §5, §6.3,
 * §7.1; RFC 4055 §3.1.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { chainFaults, type ChainReason } from '../../src/x509/chain-fault.ts'
import { verifyChain, type Demand } from '../../src/x509/chain.ts'
import { parseCrls } from '../../src/x509/crl.ts'
import { parsePem } from '../../src/x509/pem.ts'
import { parseTrustAnchors } from '../../src/x509/trust-anchors.ts'
import { alertDescription } from '../../src/wire/code-points.ts'
import { algorithms, issue, revocationList, type Issued, type Request } from '../support/openssl.ts'
import { providers } from '../support/providers.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const ca = 'basicConstraints=critical,CA:true'
const leafOnly = 'basicConstraints=critical,CA:false'
const clientAuth = 'extendedKeyUsage=clientAuth'
const authority = (subject: string, over: Request = {}, ...extensions: readonly string[]): Issued =>
  issue({ subject, extensions: [ca, ...extensions], days: 90, ...over })
const client = (issuer: Issued, { extensions = [clientAuth], ...over }: Request = {}): Issued =>
  issue({ subject: '/CN=ann', issuer, extensions: [leafOnly, ...extensions], ...over })
const der = ({ certificate }: Issued): Uint8Array => parsePem(certificate)[0]?.der ?? new Uint8Array()
const serial = (issued: Issued): string => parseCertificate(der(issued)).serialNumber.toUpperCase()
const day = 86_400_000

const root = authority('/O=Example/CN=Root')
const middle = authority('/O=Example/CN=Middle', { issuer: root })
const ann = client(middle)

function ask(presented: readonly (Issued | Uint8Array)[], over: Partial<Demand> & { roots?: readonly Issued[] } = {}) {
  const { roots = [root], ...rest } = over
  const anchors = parseTrustAnchors(roots.map(({ certificate }) => certificate).join(''))
  const demand: Demand = { anchors, purpose: 'clientAuth', now: new Date(), crypto: native, ...rest }
  return verifyChain(
    presented.map((one) => (one instanceof Uint8Array ? one : der(one))),
    demand,
  )
}

/** The names of the path that was found, or the reason why none was. */
function outcome(...args: Parameters<typeof ask>): string {
  const answer = ask(...args)
  if ('refused' in answer) return answer.refused
  return answer.path.map(({ subject }) => subject.commonName).join(' < ')
}

test('finds the way from a leaf to its root, and says which', () => {
  for (const crypto of providers) assert.equal(outcome([ann, middle], { crypto }), 'ann < Middle < Root')
})

test('takes extra certificates in any order, twice, with the root among them, and with strangers', () => {
  const lower = authority('/CN=Lower', { issuer: middle })
  const bob = client(lower)
  const stranger = authority('/CN=Stranger')
  for (const others of [
    [lower, middle],
    [middle, lower],
    [root, stranger, middle, middle, lower, lower],
  ])
    assert.equal(outcome([bob, ...others]), 'ann < Lower < Middle < Root')
})

test('takes the nearest authority that is trusted, be it a root or not, and a leaf that is trusted itself', () => {
  assert.equal(outcome([ann], { roots: [middle] }), 'ann < Middle')
  assert.equal(outcome([ann, middle], { roots: [root, middle] }), 'ann < Middle')
  assert.equal(outcome([ann], { roots: [ann] }), 'ann')
})

test('tries every certificate of an authority before it gives up', () => {
  const expired = authority('/O=Example/CN=Middle', { issuer: root, key: middle.key, days: 1 })
  const otherKey = authority('/O=Example/CN=Middle', { issuer: root })
  const later = new Date(Date.now() + 2 * day)
  assert.equal(outcome([ann, expired, otherKey, middle], { now: later }), 'ann < Middle < Root')
  assert.equal(outcome([ann, otherKey, middle]), 'ann < Middle < Root')
  // A root that renewed itself, old and new both trusted, under one name and one key.
  const oldRoot = authority('/O=Example/CN=Root', { key: root.key, days: 1 })
  assert.equal(outcome([ann, middle], { roots: [oldRoot, root], now: later }), 'ann < Middle < Root')
})

describe('verifies signatures of', () => {
  const signings: Readonly<Record<string, Request>> = {
    'ECDSA P-256 with SHA-256': { algorithm: algorithms['ecdsa-p256'], signing: ['-sha256'] },
    'ECDSA P-256 with SHA-384': { algorithm: algorithms['ecdsa-p256'], signing: ['-sha384'] },
    'ECDSA P-256 with SHA-512': { algorithm: algorithms['ecdsa-p256'], signing: ['-sha512'] },
    'ECDSA P-384 with SHA-256': { algorithm: algorithms['ecdsa-p384'], signing: ['-sha256'] },
    'ECDSA P-384 with SHA-384': { algorithm: algorithms['ecdsa-p384'], signing: ['-sha384'] },
    'ECDSA P-384 with SHA-512': { algorithm: algorithms['ecdsa-p384'], signing: ['-sha512'] },
    Ed25519: { algorithm: algorithms.ed25519 },
    'RSA with SHA-256': { algorithm: algorithms.rsa, signing: ['-sha256'] },
    'RSA with SHA-384': { algorithm: algorithms.rsa, signing: ['-sha384'] },
    'RSA with SHA-512': { algorithm: algorithms.rsa, signing: ['-sha512'] },
    'RSA-PSS with SHA-256': { algorithm: algorithms.rsa, signing: pss('sha256', 32) },
    'RSA-PSS with SHA-384': { algorithm: algorithms.rsa, signing: pss('sha384', 48) },
    'RSA-PSS with SHA-512': { algorithm: algorithms.rsa, signing: pss('sha512', 64) },
  }
  for (const [name, { algorithm, signing }] of Object.entries(signings))
    test(name, () => {
      const issuer = authority('/CN=Issuer', { algorithm: algorithm ?? [] })
      const impostor = authority('/CN=Issuer', { algorithm: algorithm ?? [] })
      const leaf = client(issuer, { signing: signing ?? [] })
      for (const crypto of providers) {
        assert.equal(outcome([leaf], { roots: [issuer], crypto }), 'ann < Issuer')
        assert.notEqual(outcome([leaf], { roots: [impostor], crypto }), 'ann < Issuer')
        const bad = der(leaf)
        bad[bad.length - 5] = (bad.at(-5) as number) ^ 1
        assert.equal(outcome([bad], { roots: [issuer], crypto }), 'bad-signature')
      }
    })
})

function pss(hash: string, salt: number): string[] {
  return [`-${hash}`, '-sigopt', 'rsa_padding_mode:pss', '-sigopt', `rsa_pss_saltlen:${salt}`]
}

/** What each reason looks like in the field. */
const refusals: Readonly<Record<ChainReason, () => string>> = {
  'no-certificate': () => outcome([]),
  malformed: () => outcome([der(ann).subarray(1)]),
  'unsupported-key': () =>
    outcome([client(root, { algorithm: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp521r1'] })]),
  'weak-key': () => outcome([client(root, { algorithm: ['-newkey', 'rsa:1024'] })]),
  'unsupported-signature': () => outcome([client(root, { signing: ['-sha1'] })]),
  'bad-signature': () => {
    const changed = der(ann)
    // Inside of the leaf's name: ann becomes bnn.
    const at = Buffer.from(changed).lastIndexOf('ann')
    changed[at] = 'b'.charCodeAt(0)
    return outcome([changed, middle])
  },
  expired: () => outcome([ann, middle], { now: new Date(Date.now() + 31 * day) }),
  'not-yet-valid': () => outcome([ann, middle], { now: new Date(Date.now() - day) }),
  revoked: () =>
    outcome([ann, middle], { revocation: crls({ issuer: middle, serials: [serial(ann)] }, { issuer: root }) }),
  'revocation-unknown': () => outcome([ann, middle], { revocation: crls({ issuer: middle }) }),
  'unknown-issuer': () => outcome([ann, middle], { roots: [authority('/O=Example/CN=Root')] }),
  'issuer-not-authority': () => {
    const mallory = client(root)
    return outcome([client(mallory, { subject: '/CN=eve' }), mallory])
  },
  'issuer-may-not-certify': () => {
    const signer = authority('/CN=Signer', { issuer: root }, 'keyUsage=critical,digitalSignature,cRLSign')
    return outcome([client(signer), signer])
  },
  'path-too-long': () => {
    const short = issue({ subject: '/CN=Short', extensions: ['basicConstraints=critical,CA:true,pathlen:0'] })
    const below = authority('/CN=Below', { issuer: short })
    return outcome([client(below), below], { roots: [short] })
  },
  'too-many-intermediates': () => outcome([ann, middle], { maxIntermediates: 0 }),
  'too-much-work': () => outcome(Array.from({ length: 101 }, () => ann)),
  'name-forbidden': () => {
    const bound = authority('/CN=Bound', { issuer: root }, 'nameConstraints=critical,permitted;DNS:example.test')
    const leaf = client(bound, { extensions: [clientAuth, 'subjectAltName=DNS:example.com'] })
    return outcome([leaf, bound])
  },
  'critical-extension-unknown': () => outcome([client(root, { extensions: ['1.2.3.4=critical,ASN1:NULL'] })]),
  'policy-demanded': () => {
    const strict = authority('/CN=Strict', { issuer: root }, 'policyConstraints=critical,requireExplicitPolicy:0')
    return outcome([client(strict), strict])
  },
  'wrong-purpose': () => outcome([client(root, { extensions: ['extendedKeyUsage=serverAuth'] })]),
  'may-not-sign': () => outcome([client(root, { extensions: ['keyUsage=critical,keyEncipherment'] })]),
  'name-mismatch': () => outcome([ann, middle], { name: 'ann.example.test' }),
}

describe('refuses', () => {
  for (const [reason, provoke] of Object.entries(refusals))
    test(`${reason}, with an alert of its own`, () => {
      assert.equal(provoke(), reason)
      assert.ok(chainFaults[reason as ChainReason].alert in alertDescription)
    })
})

test('bounds purposes from above: an authority for servers issues no clients', () => {
  const servers = authority('/CN=Servers', { issuer: root }, 'extendedKeyUsage=serverAuth')
  assert.equal(outcome([client(servers, { extensions: [] }), servers]), 'wrong-purpose')
  const any = authority('/CN=Any', { issuer: root }, 'extendedKeyUsage=serverAuth,anyExtendedKeyUsage')
  assert.equal(outcome([client(any), any]), 'ann < Any < Root')
})

test('an authority of old that renews its key does not count against a path length (RFC 5280 §4.2.1.9)', () => {
  const old = issue({ subject: '/CN=Self', extensions: ['basicConstraints=critical,CA:true,pathlen:0'] })
  const renewed = authority('/CN=Self', { issuer: old })
  assert.equal(outcome([client(renewed), renewed], { roots: [old] }), 'ann < Self < Self')
})

describe('name constraints', () => {
  const cases: readonly (readonly [constraint: string, names: string, allowed: boolean])[] = [
    ['permitted;DNS:example.test', 'DNS:example.test', true],
    ['permitted;DNS:example.test', 'DNS:a.b.example.test', true],
    ['permitted;DNS:example.test', 'DNS:notexample.test', false],
    ['permitted;DNS:example.test', 'DNS:*.example.test', true],
    ['permitted;DNS:example.test', 'DNS:example.test,DNS:other.test', false],
    ['permitted;DNS:example.test', 'IP:192.0.2.1', true],
    ['permitted;DNS:example.test', 'DNS:example.test.', false],
    ['permitted;DNS:.example.test', 'DNS:example.test', false],
    ['excluded;DNS:secret.example.test', 'DNS:open.example.test', true],
    ['excluded;DNS:secret.example.test', 'DNS:a.secret.example.test', false],
    ['excluded;DNS:secret.example.test', 'DNS:SECRET.example.test', false],
    ['excluded;DNS:secret.example.test', 'DNS:*.example.test', false],
    ['excluded;DNS:a.secret.example.test', 'DNS:*.example.test', true],
    ['permitted;IP:192.0.2.0/255.255.255.0', 'IP:192.0.2.77', true],
    ['permitted;IP:192.0.2.0/255.255.255.0', 'IP:192.0.3.1', false],
    ['permitted;IP:192.0.2.0/255.255.255.0', 'IP:2001:db8::1', false],
    ['excluded;IP:2001:db8:0:0:0:0:0:0/ffff:ffff:0:0:0:0:0:0', 'IP:2001:db8::1', false],
    ['permitted;email:example.test', 'email:ann@example.test', true],
    ['permitted;email:example.test', 'email:ann@sub.example.test', false],
    ['permitted;email:.example.test', 'email:ann@sub.example.test', true],
    ['permitted;email:ann@example.test', 'email:bob@example.test', false],
    ['excluded;email:example.test', 'email:ann@EXAMPLE.test', false],
    ['permitted;URI:example.test', 'DNS:anything.test', true],
    ['permitted;URI:example.test', 'URI:https://example.test/', false],
    ['excluded;URI:example.test', 'URI:https://example.com/', false],
  ]
  for (const [constraint, names, allowed] of cases)
    test(`${constraint} ${allowed ? 'allows' : 'forbids'} ${names}`, () => {
      const bound = authority('/CN=Bound', {}, `nameConstraints=critical,${constraint}`)
      const leaf = client(bound, { extensions: [clientAuth, `subjectAltName=${names}`] })
      const expected = allowed ? 'ann < Bound' : 'name-forbidden'
      assert.equal(outcome([leaf], { roots: [bound] }), expected)
    })

  test('on directory names hold for subjects, without regard to case and kind of string', () => {
    const names = ['[dir]', 'O=Example'].join('\n')
    const { path: folder } = temporaryFolder('chain')
    writeFileSync(join(folder, 'config'), `[req]\ndistinguished_name=dn\n[dn]\n${names}\n`)
    const config = ['-config', join(folder, 'config')]
    const bound = issue({
      subject: '/O=Example/CN=Bound',
      extensions: [ca, 'nameConstraints=critical,permitted;dirName:dir'],
      signing: config,
    })
    const roots = [bound]
    assert.equal(outcome([client(bound, { subject: '/O=EXAMPLE/CN=ann' })], { roots }), 'ann < Bound')
    assert.equal(outcome([client(bound, { subject: '/O=Other/CN=ann' })], { roots }), 'name-forbidden')
    assert.equal(outcome([client(bound, { subject: '/CN=ann/O=Example' })], { roots }), 'name-forbidden')
  })

  test('of an authority high up hold for the authorities below it too', () => {
    const bound = authority('/CN=Bound', {}, 'nameConstraints=critical,excluded;email:example.test')
    const below = authority('/CN=Below/emailAddress=me@example.test', { issuer: bound })
    assert.equal(outcome([client(below), below], { roots: [bound] }), 'name-forbidden')
  })
})

function crls(...lists: readonly Parameters<typeof revocationList>[0][]): NonNullable<Demand['revocation']> {
  return { crls: parseCrls(lists.map(revocationList).join('')) }
}

test('constraints on names bind a leaf that is called as its issuer is', () => {
  const bound = authority('/CN=Bound', {}, 'nameConstraints=critical,permitted;DNS:example.test')
  const namesake = client(bound, { subject: '/CN=Bound', extensions: [clientAuth, 'subjectAltName=DNS:evil.test'] })
  assert.equal(outcome([namesake], { roots: [bound] }), 'name-forbidden')
})

test('a certificate holds in its first second and in its last, and in none beside', () => {
  const { notBefore, notAfter } = parseCertificate(der(ann))
  const at = (time: Date, ms: number) => outcome([ann], { roots: [middle], now: new Date(time.getTime() + ms) })
  assert.deepEqual([at(notAfter, 0), at(notAfter, 1)], ['ann < Middle', 'expired'])
  assert.deepEqual([at(notBefore, 0), at(notBefore, -1)], ['ann < Middle', 'not-yet-valid'])
})

test('a search among a dozen authorities of one name ends, though they could stand in millions of orders', () => {
  const crowd = Array.from({ length: 12 }, () => authority('/CN=Crowd'))
  assert.equal(outcome(crowd), 'too-much-work')
})

describe('revocation', () => {
  test('lets pass what no list names, and asks of authorities as well', () => {
    const clear = crls({ issuer: middle }, { issuer: root })
    for (const crypto of providers)
      assert.equal(outcome([ann, middle], { revocation: clear, crypto }), 'ann < Middle < Root')
    const revocation = crls({ issuer: middle }, { issuer: root, serials: [serial(middle)] })
    assert.equal(outcome([ann, middle], { revocation }), 'revoked')
  })

  test('is not known by a list that is out of date, though what it names stays revoked', () => {
    const args = ['-crl_lastupdate', '20240101000000Z', '-crl_nextupdate', '20240102000000Z']
    const old = (serials: readonly string[]) => crls({ issuer: middle, args, serials }, { issuer: root })
    assert.equal(outcome([ann, middle], { revocation: old([]) }), 'revocation-unknown')
    assert.equal(outcome([ann, middle], { revocation: old([serial(ann)]) }), 'revoked')
    const both = { crls: [...old([]).crls, ...crls({ issuer: middle }).crls] }
    assert.equal(outcome([ann, middle], { revocation: both }), 'ann < Middle < Root')
  })

  test('is not taken from somebody else of the same name, nor from an authority that may not sign lists', () => {
    const impostor = authority('/O=Example/CN=Middle')
    const revocation = crls({ issuer: impostor, serials: [serial(ann)] }, { issuer: root })
    assert.equal(outcome([ann, middle], { revocation }), 'revocation-unknown')
    const silent = authority('/CN=Silent', {}, 'keyUsage=critical,keyCertSign')
    const leaf = client(silent)
    assert.equal(outcome([leaf], { roots: [silent], revocation: crls({ issuer: silent }) }), 'revocation-unknown')
  })

  test('is not known by a list that begins in the future', () => {
    const args = ['-crl_lastupdate', '20980101000000Z', '-crl_nextupdate', '20990101000000Z']
    const revocation = crls({ issuer: middle, args }, { issuer: root })
    assert.equal(outcome([ann, middle], { revocation }), 'revocation-unknown')
  })

  test('is asked of the key that signs, though another of the same name was found good before', () => {
    const other = authority('/O=Example/CN=Middle', { issuer: root })
    const revocation = crls({ issuer: middle }, { issuer: root })
    assert.equal(outcome([ann, middle], { revocation }), 'ann < Middle < Root')
    assert.equal(outcome([client(other), other], { revocation }), 'revocation-unknown')
  })

  test('refuses lists that are only a part, by name, also where they are not marked as critical', () => {
    for (const extension of [
      '2.5.29.27=critical,ASN1:INTEGER:1',
      'issuingDistributionPoint=critical,onlyuser:true',
      'issuingDistributionPoint=onlyCA:true',
      '1.2.3.4=critical,ASN1:NULL',
    ])
      assert.throws(
        () => crls({ issuer: root, extensions: [extension] }),
        { reason: 'MalformedCRL', message: /is critical and not supported/ },
        extension,
      )
    assert.equal(crls({ issuer: root, extensions: ['1.2.3.4=ASN1:NULL'] }).crls.length, 1)
  })

  test('finds one of 20 000 that are revoked', () => {
    const serials = Array.from({ length: 20_000 }, (_, i) => (0x10000000 + i).toString(16).toUpperCase())
    const revocation = crls({ issuer: middle, serials: [...serials, serial(ann)] }, { issuer: root })
    assert.equal(revocation.crls[0]?.size, 20_001)
    assert.equal(outcome([ann, middle], { revocation }), 'revoked')
  })
})

test('agrees with openssl verify about every refusal that it knows of', () => {
  const bound = authority(
    '/CN=Bound',
    { issuer: root },
    'keyUsage=critical,keyCertSign',
    'nameConstraints=critical,permitted;DNS:example.test',
  )
  const good = authority('/CN=Good', { issuer: root }, 'keyUsage=critical,keyCertSign')
  const short = issue({
    subject: '/CN=Short',
    issuer: root,
    extensions: ['basicConstraints=critical,CA:true,pathlen:0', 'keyUsage=critical,keyCertSign'],
  })
  const below = authority('/CN=Below', { issuer: short }, 'keyUsage=critical,keyCertSign')
  const strictRoot = [authority('/O=Example/CN=Root', { key: root.key }, 'keyUsage=critical,keyCertSign')]
  const cases: readonly (readonly [Issued, readonly Issued[]])[] = [
    [client(good), [good]],
    [client(good), []],
    [client(good), [short]],
    [client(short), [short]],
    [client(below), [below, short]],
    [client(bound, { extensions: [clientAuth, 'subjectAltName=DNS:a.example.test'] }), [bound]],
    [client(bound, { extensions: [clientAuth, 'subjectAltName=DNS:a.example.com'] }), [bound]],
    [client(good, { extensions: ['extendedKeyUsage=serverAuth'] }), [good]],
    [client(good, { extensions: [clientAuth, '1.2.3.4=critical,ASN1:NULL'] }), [good]],
    [client(client(good)), [good]],
  ]
  const answers = cases.map(([leaf, others]) => [
    'path' in ask([leaf, ...others], { roots: strictRoot }),
    opensslBelieves(leaf, others, strictRoot),
  ])
  assert.deepEqual(
    answers.map(([ours]) => ours),
    answers.map(([, openssl]) => openssl),
  )
  assert.deepEqual(new Set(answers.map(([ours]) => ours)), new Set([true, false]))
})

function opensslBelieves(leaf: Issued, others: readonly Issued[], roots: readonly Issued[]): boolean {
  const folder = temporaryFolder('chain')
  const write = (name: string, certificates: readonly Issued[]): string => {
    writeFileSync(join(folder.path, name), certificates.map(({ certificate }) => certificate).join(''))
    return join(folder.path, name)
  }
  const extra = others.length === 0 ? [] : ['-untrusted', write('others', others)]
  try {
    // prettier-ignore
    execFileSync('openssl', ['verify', '-x509_strict', '-purpose', 'sslclient', '-CAfile', write('roots', roots), ...extra, write('leaf', [leaf])],
      { stdio: 'pipe' })
    return true
  } catch {
    return false
  } finally {
    folder.remove()
  }
}

describe('a peer who means harm', () => {
  test('gets an answer, never an exception, and never our trust, for any cut and any flipped bit', () => {
    const chain = [der(ann), der(middle)]
    const flat = Buffer.concat(chain)
    const split = (bytes: Uint8Array): Uint8Array[] => [
      new Uint8Array(bytes.subarray(0, der(ann).length)),
      new Uint8Array(bytes.subarray(der(ann).length)),
    ]
    for (let bit = 0; bit < flat.length * 8; bit++) {
      const flipped = Uint8Array.from(flat)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.notEqual(outcome(split(flipped)), 'ann < Middle < Root', `bit ${bit}`)
    }
    for (let length = 0; length < flat.length; length++)
      assert.notEqual(outcome(split(flat.subarray(0, length))), 'ann < Middle < Root', `cut at ${length}`)
  })

  test('gets an answer about a CRL with any cut and any flipped bit, and nobody is cleared by a changed one', () => {
    const list = parsePem(revocationList({ issuer: root, serials: [serial(middle)] }))[0]?.der ?? new Uint8Array()
    const clears = (bytes: Uint8Array): boolean => {
      const text = `-----BEGIN X509 CRL-----\n${Buffer.from(bytes).toString('base64')}\n-----END X509 CRL-----\n`
      try {
        return 'path' in ask([middle], { revocation: { crls: parseCrls(text) } })
      } catch (error) {
        assert.equal((error as Error).name, 'IssueError')
        return false
      }
    }
    for (let length = 1; length < list.length; length++) assert.equal(clears(list.subarray(0, length)), false)
    for (let bit = 0; bit < list.length * 8; bit++) {
      const flipped = Uint8Array.from(list)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      assert.equal(clears(flipped), false, `bit ${bit}`)
    }
  })

  test('buys one signature for each anchor that it claims to descend from, however long its own chain', () => {
    const fake = authority('/O=Example/CN=Root')
    const links = [fake]
    for (let i = 0; i < 6; i++) links.push(authority(`/CN=Link ${i}`, { issuer: links.at(-1) as Issued }))
    const mallory = client(links.at(-1) as Issued)
    const counted = counting(native)
    assert.equal(outcome([mallory, ...links.slice(1)], { crypto: counted.crypto }), 'unknown-issuer')
    assert.equal(counted.verified(), 1)
  })

  test('buys no more than a few, however many certificates it makes up for one', () => {
    const fake = authority('/O=Example/CN=Root')
    const made = Array.from({ length: 12 }, () => authority('/CN=Made up', { issuer: fake }))
    const counted = counting(native)
    const presented = [client(made[0] as Issued), ...made]
    assert.equal(outcome(presented, { crypto: counted.crypto }), 'too-much-work')
    assert.equal(counted.verified(), 9)
    // Among fewer, the honest one is found, wherever it stands.
    const honest = authority('/CN=Made up', { issuer: root })
    assert.equal(outcome([client(honest), ...made.slice(0, 8), honest]), 'ann < Made up < Root')
  })

  test('cannot make us search for long: many authorities of one name that all issue each other', () => {
    const mesh: Issued[] = []
    const keys = Array.from({ length: 5 }, () => authority('/CN=Mesh'))
    for (const subject of keys)
      for (const issuer of keys) mesh.push(authority('/CN=Mesh', { issuer, key: subject.key }))
    const door = authority('/CN=Mesh', { issuer: root, key: (keys[0] as Issued).key, signing: ['-sha1'] })
    const counted = counting(native)
    const answer = outcome([client(keys[3] as Issued), ...mesh, door], { crypto: counted.crypto })
    assert.ok(['too-much-work', 'unsupported-signature', 'too-many-intermediates'].includes(answer), answer)
    assert.ok(counted.verified() <= 32)
  })
})

/** The provider, and how many signatures it was asked to verify. */
function counting(crypto: CryptoProvider): { crypto: CryptoProvider; verified: () => number } {
  let count = 0
  const verify: CryptoProvider['verify'] = (...args) => {
    count++
    return crypto.verify(...args)
  }
  return { crypto: { ...crypto, verify }, verified: () => count }
}
