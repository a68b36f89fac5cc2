/**
 * Every reason we give, and what it means. A reason reaches condition, event, log, metric and command line under this
 * one name; what differs between two occasions goes into the message beside it.
 */
export const reasons = {
  // A policy as a whole: condition Accepted.
  Accepted: 'the policy is valid and governs its targets',
  Invalid: 'a field of the policy cannot be honoured; the message names it',
  Conflicted: 'an older policy governs the same workload; the message names it',
  TargetNotFound: 'no workload or pod matches the target of the policy',
  UnsupportedMode: 'this release serves mode Sidecar only',
  UnsupportedFeature: 'nginx is asked for something that only TLS inside nginx can do; the message names it',
  BackendRequired: 'a plain nginx needs spec.backend.port to say where its plaintext listener is',
  PermissionDenied: 'the operator may not read or write what the policy needs',

  // What it refers to: condition ResolvedRefs.
  ResolvedRefs: 'everything that the policy refers to is there',
  SecretNotFound: 'a Secret that a host needs is not there (yet)',
  RefNotPermitted: "the workload's own ServiceAccount may not list what the policy would take from another namespace",
  DefaultCertificateMissing: 'unknownSNI is ServeDefault, and no default certificate is named',
  NoCertificates: 'neither the policy nor an Ingress names a certificate',

  // Pods: condition Programmed.
  Programmed: 'every selected pod runs the sidecar that the policy asks for',
  Audit: 'enforcement is Audit: the policy reports and changes nothing',
  RollingOut: 'pods are being replaced',
  PartiallyProgrammed: 'some selected pods do not run the sidecar, or an outdated one',
  AwaitingRestart: 'rollout.strategy is OnDelete: pods change when somebody replaces them',
  ProgressDeadlineExceeded: 'the roll-out has not finished within rollout.progressDeadline',
  Restoring: 'the policy is being deleted: pods are brought back as they were',

  // Certificates: condition CertificatesValid. The same names as in x509/issue.ts.
  CertificatesValid: 'every certificate can be served',
  ExpiringSoon: 'a certificate ends within rotation.expiryWarning',
  KeyMismatch: 'the private key is not the one in the certificate',
  Expired: 'the certificate is past its notAfter',
  NotYetValid: 'the certificate is before its notBefore',
  SANMismatch: 'the certificate does not carry the name that it is to serve',
  MalformedPEM: 'tls.crt or tls.key is not PEM',
  MalformedCertificate: 'a certificate is not valid DER',
  MalformedCRL: 'a revocation list is not valid DER, or of a kind that is not supported',
  MalformedKey: 'the private key is not valid DER',
  UnsupportedKey: 'the key is of a kind that we do not serve',
  IncompleteChain: 'an intermediate certificate is missing',
  ChainOrder: 'the chain is not in order, leaf first',
  WeakKey: 'the key is too short',
  WrongUsage: 'the certificate is not meant for a TLS server',
  DuplicateKeyType: 'two Secrets of one host have keys of one type; the first is served',
  BundleTooLarge: 'the certificates of the policy are more than one Secret can hold',

  // What is on the wire: condition ServedVerified.
  AllPodsMatch: 'each pod was seen to serve the certificate that it should',
  VerificationPending: 'not every pod has been asked yet what it serves',
  ServedMismatch: 'a pod serves another certificate than it should',
  PodUnreachable: 'a pod did not answer the verifying handshake in time',

  // All together: condition Ready.
  Ready: 'the policy is in force and proved on the wire',
  CertificateHeldBack: 'a certificate that cannot be served is held back; the last good one is served',

  // Why a pod is left as it is.
  AlreadyInjected: 'the pod already carries the sidecar that the policy asks for',
  AuditOnly: 'the policy that selects the pod is in Audit',
  NotSelected: 'no accepted policy selects the pod',
  HostNetwork: 'the pod uses the network of its node, where nginx and the sidecar would need the same ports',
  ForeignSidecar: 'the pod has a container or volume with a name of ours that we did not put there',
  NoNginxContainer: 'no container of the pod is recognised as nginx',
  AmbiguousContainer: 'more than one container could be nginx: name it in spec.container',
  UnsupportedOS: 'the pod is not for Linux',
  MirrorPod: 'the pod is static: only its node can change it',
  Job: 'the pod belongs to a Job',
  PortTaken: 'the port of the sidecar is taken by another container of the pod',
  NoPorts: 'nginx has no TLS port that the sidecar could take over',
  ShellCommand: 'nginx is started through a shell, so its flags cannot be changed safely',

  // What an event says about a pod or a policy.
  Injected: 'the sidecar was put into the pod',
  CertificateRotated: 'a new certificate is served and verified',
} as const

/** The name of one reason. */
export type Reason = keyof typeof reasons
