import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errorFromAnswer, errorFromStatus, isConflict, isExpired, isNotFound } from '../../src/kube/kube-error.ts'

const status = (more: object): string => JSON.stringify({ kind: 'Status', ...more })

test('a Status says what is wrong', () => {
  const body = status({ code: 404, reason: 'NotFound', message: 'pods "a" not found' })
  const error = errorFromAnswer('GET /x', 404, body)
  assert.deepEqual([error.status, error.reason, error.retryAfterMs], [404, 'NotFound', undefined])
  assert.equal(error.message, 'GET /x: pods "a" not found')
  assert.ok(isNotFound(error))
})

test('what is no Status is not quoted: it may be anybody’s page', () => {
  for (const body of ['', '<html>secret</html>', '[]', 'null', '{"kind":"Pod"}']) {
    const error = errorFromAnswer('GET /x', 502, body)
    assert.deepEqual([error.status, error.reason, error.message], [502, 'Unknown', 'GET /x: HTTP 502'])
  }
})

test('Retry-After is taken from the header, or else from the Status', () => {
  const body = status({ code: 429, reason: 'TooManyRequests', message: 'm', details: { retryAfterSeconds: 3 } })
  assert.equal(errorFromAnswer('w', 429, body, '7').retryAfterMs, 7000)
  assert.equal(errorFromAnswer('w', 429, body).retryAfterMs, 3000)
  assert.equal(errorFromAnswer('w', 429, '', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterMs, undefined)
  assert.equal(errorFromAnswer('w', 429, '', '-1').retryAfterMs, undefined)
})

test('a version that is too old, or not there yet, asks for a new list', () => {
  assert.ok(isExpired(errorFromAnswer('w', 410, '')))
  assert.ok(isExpired(errorFromStatus('w', { kind: 'Status', code: 410, reason: 'Expired' })))
  const causes = [{ reason: 'ResourceVersionTooLarge' }]
  assert.ok(isExpired(errorFromStatus('w', { kind: 'Status', code: 504, reason: 'Timeout', details: { causes } })))
  assert.ok(!isExpired(errorFromStatus('w', { kind: 'Status', code: 500, reason: 'InternalError' })))
  assert.ok(!isExpired(new Error('410')))
})

test('two kinds of 409 are told apart', () => {
  assert.ok(isConflict(errorFromAnswer('w', 409, status({ code: 409, reason: 'Conflict' }))))
  assert.ok(!isConflict(errorFromAnswer('w', 409, status({ code: 409, reason: 'AlreadyExists' }))))
})

test('an ERROR event without a Status is an error all the same', () => {
  for (const object of [undefined, null, 'x', {}]) assert.equal(errorFromStatus('w', object).reason, 'Malformed')
})
