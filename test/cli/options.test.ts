import assert from 'node:assert/strict'
import { test } from 'node:test'
import { command as terminator } from '../../src/cli/commands/terminator.ts'
import type { OptionTable } from '../../src/cli/options.ts'
import * as option from '../../src/cli/options.ts'
import { parseEndpoint, UsageError } from '../../src/cli/options.ts'
import { parseOptions } from '../../src/cli/parse-options.ts'
import { usage } from '../../src/cli/usage.ts'

const table = {
  listen: option.endpoints('ports'),
  maxConnections: option.count(7, 'how many', { least: 1, most: 100 }),
  idleTimeout: option.duration(90_000, 'how long'),
  proxyProtocol: option.flag('whether'),
  crypto: option.choice(['noble', 'native'], 'noble', 'which'),
  bundle: option.optionalText('DIR', 'where'),
  advertise: option.portMap('LISTEN=PORT', 'as what'),
} satisfies OptionTable

test('a flag wins over the environment, which wins over the default', () => {
  assert.equal(parseOptions(table, [], {}).maxConnections, 7)
  assert.equal(parseOptions(table, [], { CHITIN_MAX_CONNECTIONS: '8' }).maxConnections, 8)
  assert.equal(parseOptions(table, ['--max-connections', '9'], { CHITIN_MAX_CONNECTIONS: '8' }).maxConnections, 9)
  assert.equal(parseOptions(table, ['--max-connections=10'], {}).maxConnections, 10)
  assert.equal(parseOptions(table, [], { CHITIN_MAX_CONNECTIONS: '' }).maxConnections, 7, 'empty counts as absent')
})

test('reads every kind of value', () => {
  const values = parseOptions(
    table,
    ['--listen', '8443', '--listen=[::1]:80', '--idle-timeout', '1m30s', '--proxy-protocol', '--advertise', '8443=443'],
    { CHITIN_CRYPTO: 'native' },
  )
  assert.deepEqual(values, {
    listen: [
      { host: undefined, port: 8443 },
      { host: '::1', port: 80 },
    ],
    maxConnections: 7,
    idleTimeout: 90_000,
    proxyProtocol: true,
    crypto: 'native',
    bundle: undefined,
    advertise: new Map([[8443, 443]]),
  })
})

test('a list is separated by commas in the environment', () => {
  assert.deepEqual(
    parseOptions(table, [], { CHITIN_LISTEN: '1, 2,127.0.0.1:3' }).listen.map(({ port }) => port),
    [1, 2, 3],
  )
})

const refused: readonly (readonly [readonly string[], RegExp])[] = [
  [['--nothing'], /^--nothing is not an option; there are --listen, .*, --help$/],
  [['--listen-on', '1'], /did you mean --listen\?/],
  [['stray'], /"stray" was not expected/],
  [['--bundle'], /--bundle needs a value: DIR/],
  [['--bundle', '--proxy-protocol'], /--bundle needs a value/],
  [['--crypto', 'openssl'], /--crypto is "openssl", expected noble or native/],
  [['--crypto', 'noble', '--crypto', 'native'], /--crypto is given twice/],
  [['--max-connections', '0'], /--max-connections is "0", expected a whole number from 1 to 100/],
  [['--max-connections', '1e1'], /whole number/],
  [['--idle-timeout', '10'], /--idle-timeout is "10", expected a duration/],
  [['--listen', '70000'], /port "70000", expected 0 to 65535/],
  [['--listen', 'http://x'], /--listen is "http:\/\/x", expected a port, or an address/],
  [['--listen', '::1:80'], /expected a port, or an address/],
  [['--advertise', '8443'], /expected two ports/],
  [['--proxy-protocol=perhaps'], /expected true or false/],
]
for (const [argv, message] of refused) {
  test(`refuses ${argv.join(' ')}`, () => {
    assert.throws(
      () => parseOptions(table, argv, {}),
      (error) => error instanceof UsageError && message.test(error.message),
    )
  })
}

test('an error from the environment names the variable', () => {
  assert.throws(() => parseOptions(table, [], { CHITIN_CRYPTO: 'rot13' }), /^UsageError: CHITIN_CRYPTO is "rot13"/)
})

test('an endpoint has an address of either family, or a name, or none', () => {
  assert.deepEqual(parseEndpoint('localhost:1'), { host: 'localhost', port: 1 })
  assert.deepEqual(parseEndpoint('[fe80::1%eth0]:1'), { host: 'fe80::1%eth0', port: 1 })
  assert.deepEqual(parseEndpoint('0'), { host: undefined, port: 0 })
})

test('the help names every option of the table', () => {
  const text = usage('x', 'Does x.', table)
  for (const name of ['--listen [HOST:]PORT', '--max-connections N', '(default 7)', '(default 1m30s)', 'repeatable'])
    assert.ok(text.includes(name), name)
})

test('the help of the terminator fits a terminal', () => {
  for (const line of terminator.help.split('\n')) assert.ok(line.length <= 120, line)
})
