/**
 * The whole life of Chitin on a real cluster, as a user leads it: by helm and kubectl, with requests from outside. One
 * cluster for all of it; the chapters are in story/, and each begins where the one before it ended.
 */
import { after, before, describe } from 'node:test'
import { certificates } from './story/certificates.ts'
import { clients } from './story/clients.ts'
import { daemonSet } from './story/daemon-set.ts'
import { end } from './story/end.ts'
import { failures } from './story/failures.ts'
import { install } from './story/install.ts'
import { manifest } from './story/manifest.ts'
import { plainNginx } from './story/plain-nginx.ts'
import { remember, removal, type Before } from './story/removal.ts'
import { Scene } from './story/scene.ts'
import { secrecy } from './story/secrecy.ts'
import { settings } from './story/settings.ts'
import { traffic } from './story/traffic.ts'

describe('Chitin on a real cluster', () => {
  const scene = new Scene()
  let original: Before
  before(async () => {
    await scene.open()
    original = await remember(scene)
  })
  after(async () => await scene.close())

  describe('installed by helm', () => install(scene))
  describe('in the path of requests', () => traffic(scene))
  describe('when clients have to say who they are', () => clients(scene))
  describe('when the policy says how TLS is spoken', () => settings(scene))
  describe('in front of a plain nginx', () => plainNginx(scene))
  describe('in front of a DaemonSet', () => daemonSet(scene))
  describe('when Secrets change', () => certificates(scene))
  describe('asked for keys', () => secrecy(scene))
  describe('when things fail', () => failures(scene))
  describe('taken away again', () => removal(scene, () => original))
  describe('installed by kubectl apply', () => manifest(scene, () => original))
  describe('the cluster itself', () => end(scene))
})
