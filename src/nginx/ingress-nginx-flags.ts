import type { ObjectName } from '../api/nginx-plan.ts'
import type { Container } from '../api/pod.ts'
import type { CommandLine } from './command-line.ts'
import { flag } from './hsts.ts'

/** Of the annotations that the controller reads. */
export function annotationsPrefix(line: CommandLine): string {
  return text(line.flag('annotations-prefix')) ?? 'nginx.ingress.kubernetes.io'
}

/** A port that a flag sets; the usual one where it sets none. */
export function port(line: CommandLine, name: string, usual: number): number {
  const value = Number(text(line.flag(name)) ?? usual)
  return Number.isInteger(value) && value > 0 && value < 65536 ? value : usual
}

/** The controller's own webhook, for Ingresses. */
export function validatingWebhookPort(line: CommandLine): number {
  return Number(/:(\d+)$/.exec(text(line.flag('validating-webhook')) ?? '')?.[1] ?? 8443)
}

/** Whether a flag without a value is set. */
export function isOn(line: CommandLine, name: string): boolean {
  const value = line.flag(name)
  // pflag: a boolean takes its value only after an equals sign, so a word behind it is not one.
  if (line.items.includes(`--${name}`)) return true
  return value === true || flag(value, false)
}

/** A flag's value; undefined where it has none. */
export function text(value: string | true | undefined): string | undefined {
  return value === true ? undefined : value
}

/** `namespace/name`, or a name alone in the pod's own namespace. */
export function objectName(value: string | true | undefined, namespace: string): ObjectName | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const parts = value.split('/')
  const [first = '', second] = parts
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second }
}

/**
 * Whether the image's tag tells of a controller before v1.11. Up to v1.9 its nginx is older than 1.25.1, which brought
 * "http2 on"; v1.10 has not been tried. An image without such a tag is taken for a newer one.
 */
export function isOld({ image = '' }: Container): boolean {
  const [, major, minor] = /\/controller(?:-chroot)?:v(\d+)\.(\d+)\./.exec(image) ?? []
  return major !== undefined && (Number(major) < 1 || (major === '1' && Number(minor) < 11))
}
