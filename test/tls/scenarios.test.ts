/** Plays every scenario of test/scenarios against the server: what a peer may say, and how it has to be taken. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import type { ServerConfig } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import { playScenario, readScenarios } from '../peer/scenario.ts'
import { testCredential } from '../support/credentials.ts'
import { serverConfig } from '../support/tls-server.ts'

/** Configurations that scenarios call by name. */
const servers: Readonly<Record<string, Partial<ServerConfig>>> = {
  plain: {},
  alpn: { alpn: ['h2', 'http/1.1'] },
  p256: { credentials: () => [testCredential('p256', native)] },
  rsa: { credentials: () => [testCredential('rsa', native)] },
  'p384-group': { groups: ['P-384'] },
}

const folder = join(import.meta.dirname, '..', 'scenarios')
const names = new Set<string>()

for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml')))
  suite(file, () => {
    for (const scenario of readScenarios(readFileSync(join(folder, file), 'utf8'), file))
      test(`${scenario.name} (${scenario.see})`, () => {
        assert(!names.has(scenario.name), 'there is another scenario of this name')
        names.add(scenario.name)
        const overrides = servers[scenario.server ?? 'plain']
        assert(overrides !== undefined, `no server is called ${scenario.server}`)
        const { ending, reason, peer } = playScenario(scenario, new ServerConnection(serverConfig(overrides)))
        assert.equal(ending, scenario.expect, `reason: ${reason}`)
        if (scenario.reason !== undefined) assert.equal(reason, scenario.reason)
        if (scenario.heard !== undefined) assert.deepEqual(peer.heard.messages, scenario.heard)
      })
  })
