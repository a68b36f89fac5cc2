/**
 * Secrets that need not be fetched for the next bundle, because the one in place was made of them as they still are: what
 * they hold is read back from it. The caller vouches that the bundle is the very version that was written, or else
 * somebody's hand could be in it.
 */
import { certificateFile, keyFile, manifestFile, parseManifest } from '../../api/bundle.ts'
import { tlsCertificateKey, tlsPrivateKeyKey } from '../../api/secret.ts'
import type { CertificateStatus } from '../../api/tls-policy-status.ts'
import { fromBase64, secretKey, type SecretInput } from './secret-input.ts'

/** By `namespace/name`. `madeOf` is what was said when the bundle was compiled, `version` what a Secret's is now. */
export function unchangedSecrets(
  bundle: Readonly<Record<string, string>>,
  madeOf: readonly CertificateStatus[],
  version: (secret: CertificateStatus['secret']) => string | undefined,
): Map<string, SecretInput> {
  const unchanged = new Map<string, SecretInput>()
  const { hosts, defaultCredentials = [] } = parseManifest(text(bundle[manifestFile])).committed
  const served = Map.groupBy([...hosts.flatMap(({ credentials }) => credentials), ...defaultCredentials], from)
  for (const { secret, fingerprintSHA256, heldBack } of madeOf) {
    // What is held back has its last good certificate in the bundle, and not its own.
    if (heldBack !== undefined || secret.resourceVersion === undefined) continue
    if (version(secret) !== secret.resourceVersion) continue
    const credential = served.get(secretKey(secret))?.find(({ chain }) => chain[0] === fingerprintSHA256)
    if (credential === undefined) continue
    const chain = credential.chain.flatMap((hash) => bundle[certificateFile(hash)] ?? [])
    const key = bundle[keyFile(credential.key)]
    if (chain.length < credential.chain.length || key === undefined) continue
    const data = {
      [tlsCertificateKey]: btoa(chain.map((der) => pem('CERTIFICATE', der)).join('')),
      [tlsPrivateKeyKey]: btoa(pem('PRIVATE KEY', key)),
    }
    unchanged.set(secretKey(secret), { ...secret, data })
  }
  return unchanged
}

function from({ secret }: { readonly secret?: string }): string | undefined {
  return secret
}

function text(base64: string | undefined): string {
  return new TextDecoder().decode(fromBase64(base64 ?? ''))
}

function pem(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}
