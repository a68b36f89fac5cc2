import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ingress, IngressClass } from '../../src/api/ingress.ts'
import { classesOf, serves, type IngressController } from '../../src/nginx/ingress-selection.ts'

const controller: IngressController = {
  controllerClass: 'k8s.io/ingress-nginx',
  annotationClass: 'nginx',
  byName: false,
  withoutClass: false,
  annotationsPrefix: 'nginx.ingress.kubernetes.io',
}
const classes: readonly IngressClass[] = [
  { metadata: { name: 'internal' }, spec: { controller: 'k8s.io/ingress-nginx' } },
  { metadata: { name: 'nginx' }, spec: { controller: 'example.com/other' } },
  { metadata: { name: 'traefik' }, spec: { controller: 'traefik.io/ingress-controller' } },
]

test('a class belongs to the controller that it names; by its own name only where told so', () => {
  assert.deepEqual(classesOf(controller, classes), ['internal'])
  assert.deepEqual(classesOf({ ...controller, byName: true }, classes), ['internal', 'nginx'])
})

test('the field decides before the annotation, and the annotation before nothing', () => {
  assert.ok(serves(controller, ingress({ field: 'internal' }), classes))
  assert.ok(serves(controller, ingress({ field: 'internal', annotation: 'traefik' }), classes))
  assert.ok(!serves(controller, ingress({ field: 'traefik', annotation: 'nginx' }), classes))
  assert.ok(!serves(controller, ingress({ field: 'gone' }), classes))
  assert.ok(serves(controller, ingress({ annotation: 'nginx' }), classes))
  assert.ok(serves(controller, ingress({ annotation: '' }), classes))
  assert.ok(!serves(controller, ingress({ annotation: 'internal' }), classes))
  assert.ok(!serves(controller, ingress({}), classes))
  assert.ok(serves({ ...controller, withoutClass: true }, ingress({}), classes))
})

test('a controller that watches one namespace serves no other', () => {
  assert.ok(!serves({ ...controller, namespace: 'a' }, ingress({ field: 'internal' }), classes))
  assert.ok(serves({ ...controller, namespace: 'shop' }, ingress({ field: 'internal' }), classes))
})

function ingress({ field, annotation }: { field?: string; annotation?: string }): Ingress {
  return {
    metadata: {
      namespace: 'shop',
      name: 'web',
      ...(annotation === undefined ? {} : { annotations: { 'kubernetes.io/ingress.class': annotation } }),
    },
    spec: field === undefined ? {} : { ingressClassName: field },
  }
}
