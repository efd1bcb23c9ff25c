import assert from 'node:assert/strict';
import { chmod, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findProgram, NotFound, programName } from '../../src/binary';
import { doctorMarkdown, explanationMarkdown, plain } from '../../src/explanation';
import { envFilesOf, namesIn, takesEnvironment, withEnvironment } from '../../src/launchenv';
import type * as protocol from '../../src/protocol';
import { bytes, count, names, oneLine, originWords, retryIn, sessionSummary, stateWords, tunnelLabel, tunnelSummary } from '../../src/words';

const snapshot = (s: Partial<protocol.Snapshot>): protocol.Snapshot => ({
  id: 'shop/api', seq: 1, state: 'ready', since: '2026-11-22T10:00:00Z', cause: null, nextRetryAt: null, manifest: 'file:///w/okteto.yml',
  dev: 'api', context: 'c', namespace: 'shop', workload: null, pod: null, tunnels: [], env: { files: [], count: 0, hash: '', warnings: [] },
  process: null, traffic: 'local', guard: 'none', adopted: false, warnings: [], debug: [], ...s,
});
const tunnel = (t: Partial<protocol.Tunnel>): protocol.Tunnel => ({
  id: 'f1', kind: 'forward', local: '127.0.0.1:6379', remote: 'db:6379', state: 'open', connections: 0, bytesIn: 0, bytesOut: 0, error: null, ...t,
});

test('the environment is laid over a launch configuration', () => {
  const env = new Map([['A', 'cluster'], ['B', 'cluster'], ['path', 'cluster']]);
  const config = { type: 'node', request: 'launch', env: { A: 'mine', C: 'mine', GONE: null } };
  for (const [name, precedence, names, windows, want] of [
    ['the user wins', 'user', [], false, { A: 'mine', B: 'cluster', C: 'mine', GONE: null, path: 'cluster' }],
    ['the cluster wins', 'cluster', [], false, { A: 'cluster', B: 'cluster', C: 'mine', GONE: null, path: 'cluster' }],
    ['an env file of the user wins', 'user', ['B'], false, { A: 'mine', C: 'mine', GONE: null, path: 'cluster' }],
    ['names without case on Windows', 'user', ['PATH'], true, { A: 'mine', B: 'cluster', C: 'mine', GONE: null }],
  ] as const) {
    assert.deepEqual(withEnvironment(config, env, precedence, names, windows).env, want, name);
  }
  assert.deepEqual(config.env, { A: 'mine', C: 'mine', GONE: null }, 'the given configuration is left as it is');
  const listed = withEnvironment({ type: 'cppdbg', request: 'launch', environment: [{ name: 'A', value: 'mine' }] }, env, 'user', [], false);
  assert.deepEqual(listed.environment, [{ name: 'A', value: 'mine' }, { name: 'B', value: 'cluster' }, { name: 'path', value: 'cluster' }]);
  assert.equal('env' in listed, false);
  assert.deepEqual(withEnvironment({ type: 'node', request: 'launch', env: 'nonsense' }, env, 'user', [], false).env, Object.fromEntries(env));
});

test('values arrive as they are', () => {
  for (const value of ['', '${env:HOME} $(X) %PATH%', 'a\nX=Y', '"quoted" \\ \'', '\u{1F680}']) {
    assert.equal((withEnvironment({ type: 'go', request: 'launch' }, new Map([['V', value]]), 'user') as { env: Record<string, string> }).env['V'], value);
  }
});

test('only what starts a process of the service takes it', () => {
  assert.ok(takesEnvironment({ type: 'node', request: 'launch' }));
  assert.ok(takesEnvironment({ type: 'whatever', request: 'launch' }));
  for (const c of [{ type: 'node', request: 'attach' }, { type: 'pwa-chrome', request: 'launch' }, { type: 'pwa-node', request: 'launch', __pendingTargetId: '1' }]) {
    assert.equal(takesEnvironment(c), false, JSON.stringify(c));
  }
});

test('names of an env file', () => {
  assert.deepEqual(namesIn('A=1\n export B = 2\r\n# C=3\nD: 4\nnot a line\n\tE.f-g="x\nH=1"'), ['A', 'B', 'D', 'E.f-g', 'H']);
  assert.deepEqual(envFilesOf({ type: 'go', request: 'launch', envFile: ['a', 1, '', 'b'] }), ['a', 'b']);
  assert.deepEqual(envFilesOf({ type: 'go', request: 'launch', envFile: 'a' }), ['a']);
  assert.deepEqual(envFilesOf({ type: 'go', request: 'launch' }), []);
});

test('words', () => {
  assert.deepEqual([0, 999, 1000, 3456, 99_950, 999_499, 999_500, 1.5e9].map(bytes), ['0 B', '999 B', '1.0 kB', '3.5 kB', '100 kB', '999 kB', '1.0 MB', '1.5 GB']);
  assert.equal(count(1, 'tunnel'), '1 tunnel');
  assert.equal(count(0, 'tunnel'), '0 tunnels');
  assert.deepEqual([['A'], ['A', 'B', 'C', 'D', 'E'], ['A', 'B', 'C', 'D', 'E', 'F']].map(n => names(n)), ['A', 'A, B, C, D, E', 'A, B, C, D and 2 more']);
  const waiting = snapshot({ state: 'reconnecting', nextRetryAt: '2026-11-22T10:00:05Z' });
  assert.equal(retryIn(waiting, Date.parse('2026-11-22T10:00:01.5Z')), 4);
  assert.equal(retryIn(waiting, Date.parse('2026-11-22T10:01:00Z')), 0);
  assert.equal(stateWords(waiting, Date.parse('2026-11-22T10:00:01Z')), 'reconnecting, next try in 4 s');
  const tunnels = [tunnel({}), tunnel({ id: 'r1', kind: 'reverse', local: 'localhost:8080', remote: ':8080', state: 'failed', error: 'taken' })];
  assert.equal(sessionSummary(snapshot({ tunnels, process: { state: 'running', pid: 7, exitCode: null } }), 0), 'ready · 1 of 2 tunnels · pid 7');
  assert.equal(sessionSummary(snapshot({ traffic: 'original' }), 0), 'ready · the cluster still serves · 0 tunnels');
  assert.deepEqual(tunnels.map(tunnelLabel), [':6379 → db:6379', 'cluster :8080 → :8080']);
  assert.deepEqual(tunnels.map(tunnelSummary), ['open · no connection yet', 'failed · taken']);
  assert.equal(tunnelSummary(tunnel({ connections: 2, bytesIn: 120, bytesOut: 3456 })), 'open · 2 connections · ↓ 120 B ↑ 3.5 kB');
  assert.equal(tunnelSummary(tunnel({ kind: 'reverse', state: 'pending', local: 'localhost:8080' })), 'waits for a program on :8080');
  assert.equal(originWords({ tier: 'secret', kind: 'Secret', object: 'db', key: 'password' }), 'Secret db, key password');
  assert.equal(originWords({ tier: 'spec', field: 'status.podIP' }), "the workload's spec, status.podIP");
  assert.equal(originWords({ tier: 'new-one' }), 'new-one');
  assert.equal(oneLine('a\r\nb\tc'), 'a↵b→c');
  assert.equal([...oneLine('x'.repeat(200))].length, 80);
});

test('an explanation cannot be Markdown of somebody else', () => {
  const text = explanationMarkdown({
    name: 'X', status: 'set', value: '`a|b`\n<img src=x onerror=alert(1)>', secret: false,
    chain: [{ origin: { tier: 'spec' }, outcome: 'used', secret: false, value: 'a|b', reason: '[click](command:evil)' },
      { origin: { tier: 'secret', kind: 'Secret', object: 's' }, outcome: 'shadowed', secret: true }],
    observed: null, rewrite: null, local: null, reasons: [], notes: [], warnings: [], similar: [],
  }, 'session <b>');
  assert.match(text, /Value: `` `a\|b`↵<img src=x onerror=alert\(1\)> ``/);
  assert.ok(!text.includes('](command:evil)'), text);
  assert.match(text, /\| shadowed \| Secret s \| •+ \| {2}\|/);
  assert.equal(plain('a_b*c'), 'a\\_b\\*c');
});

test("a doctor's report begins with what is wrong", () => {
  const text = doctorMarkdown({ rights: [], checks: [
    { name: 'api-server', status: 'ok', detail: 'v1.34' }, { name: 'permissions', status: 'fail', detail: 'one\ntwo', hint: 'ask' }, { name: 'clock', status: 'skip', detail: '' },
  ] });
  assert.ok(text.indexOf('## ❌ permissions') < text.indexOf('## All checks'));
  assert.match(text, /> ask/);
  assert.match(doctorMarkdown({ rights: [], checks: [{ name: 'a', status: 'ok', detail: '' }] }), /All is well/);
});

test('the program is found', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'tandem-find-'));
  try {
    const put = async (...parts: string[]): Promise<string> => {
      const file = path.join(dir, ...parts);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, '');
      await chmod(file, 0o755);
      return file;
    };
    const onPath = await put('path', programName), bundled = await put('extension', 'bin', programName), own = await put('own', 'mine');
    const search = { setting: '', extension: path.join(dir, 'extension'), path: ['relative', path.join(dir, 'nowhere'), path.join(dir, 'path')].join(path.delimiter) };
    assert.equal(await findProgram(search), bundled, 'the one that came with the extension');
    assert.equal(await findProgram({ ...search, extension: dir }), onPath, 'else the one on PATH');
    assert.equal(await findProgram({ ...search, setting: own }), own);
    assert.equal(await findProgram({ ...search, setting: programName }), onPath, 'a name is looked for on PATH');
    await assert.rejects(findProgram({ ...search, setting: path.join(dir, 'gone') }), NotFound, 'a wrong setting is not passed over');
    await assert.rejects(findProgram({ setting: '', extension: dir, path: '' }), NotFound);
    await chmod(onPath, 0o644);
    if (process.getuid?.() !== 0) await assert.rejects(findProgram({ ...search, extension: dir }), NotFound, 'what cannot be run');
  } finally {
    await rm(dir, { recursive: true });
  }
});
