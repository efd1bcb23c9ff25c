// A whole session over stdio with npm's vscode-jsonrpc, the library under VS
// Code's language client.
//
//   node session.js WORKSPACE DEV TANDEM ARGS...
//
// It starts `TANDEM ARGS...`, completes a session of DEV in WORKSPACE and writes
// a transcript to stdout: one JSON array per line, [what, detail...]. It ends
// with the server's exit code.
'use strict';

const { spawn } = require('node:child_process');
const path = require('node:path');
const { pathToFileURL } = require('node:url');
const rpc = require('vscode-jsonrpc/node');

const [workspace, dev, tandem, ...args] = process.argv.slice(2);
const say = (...what) => process.stdout.write(JSON.stringify(what) + '\n');

async function main() {
  const server = spawn(tandem, args, { cwd: workspace, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => server.on('exit', (code, signal) => resolve(signal ?? code)));
  const connection = rpc.createMessageConnection(
    new rpc.StreamMessageReader(server.stdout), new rpc.StreamMessageWriter(server.stdin));

  let seq = 0;
  let state = '';
  connection.onNotification('session/didChange', (s) => {
    if (s.seq !== seq + 1) say('gap', seq, s.seq);
    seq = s.seq;
    if (s.state !== state) say('state', s.state);
    state = s.state;
  });
  let serves;
  const served = new Promise((resolve) => { serves = resolve; });
  let output = '';
  connection.onNotification('session/output', (o) => {
    output += o.text;
    if (output.includes('serving')) serves();
  });
  connection.onUnhandledNotification(() => {});
  connection.listen();

  const root = pathToFileURL(workspace).href;
  const initialized = await connection.sendRequest('initialize', {
    processId: process.pid, rootUri: root, capabilities: {},
    clientInfo: { name: 'vscode-jsonrpc' }, initializationOptions: { logLevel: 'debug' },
  });
  await connection.sendNotification('initialized', {});
  say('protocol', initialized.capabilities.experimental.tandem.protocolVersion);

  // The same object that vscode-languageclient uses for work done progress.
  const progress = new rpc.ProgressType();
  const kinds = [];
  const watching = connection.onProgress(progress, 'start', (p) => kinds.push(p.kind));

  const manifest = pathToFileURL(path.join(workspace, 'okteto.yml')).href;
  try {
    await connection.sendRequest('session/start', { manifest, dev: 'nobody' });
    say('error', 'none');
  } catch (e) {
    say('error', e instanceof rpc.ResponseError, e.code, e.data.kind, e.data.hint !== '');
  }

  // A request that is cancelled with the library's own token.
  const cancel = new rpc.CancellationTokenSource();
  const doomed = connection.sendRequest('session/start', { manifest, dev }, cancel.token);
  cancel.cancel();
  await doomed.then(() => say('cancelled', false), (e) => say('cancelled', e.code));
  seq = 0;
  state = '';

  const ready = await connection.sendRequest('session/start',
    { manifest, dev, options: { run: true }, workDoneToken: 'start' });
  say('ready', ready.id, ready.state, ready.workload.kind, ready.workload.replicas);
  watching.dispose();
  say('progress', kinds[0], kinds.slice(1, -1).every((k) => k === 'report'), kinds.at(-1));
  await served;
  say('output');

  const env = await connection.sendRequest('env/resolve', { id: ready.id });
  const of = (name) => env.variables.find((v) => v.name === name);
  say('env', of('SHOP_REGION').value, of('SHOP_REGION').origin.object, of('API_TOKEN').value ?? 'masked', of('API_TOKEN').secret);

  const stopped = await connection.sendRequest('session/stop', { id: ready.id });
  say('stopped', stopped.state, stopped.process.exitCode);

  await connection.sendRequest('shutdown');
  await connection.sendNotification('exit');
  const code = await exited;
  say('exit', code);
  connection.dispose();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
