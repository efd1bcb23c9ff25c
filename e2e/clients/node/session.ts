// A whole session with npm's vscode-jsonrpc and vscode-languageserver-protocol,
// the libraries under VS Code's language client. The types of Tandem's own
// messages are the generated ones.
//
//   node session.js WORKSPACE DEV TANDEM ARGS...
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as lsp from 'vscode-languageserver-protocol/node';
import { ErrorCode, protocolVersion } from '../../../extensions/vscode/src/protocol';
import type * as p from '../../../extensions/vscode/src/protocol';

const [workspace, dev, tandem, ...args] = process.argv.slice(2);
const say = (...what: unknown[]) => process.stdout.write(JSON.stringify(what) + '\n');

// Tandem's own messages, typed by their methods.
type Requests = p.ClientRequests;
type Notifications = p.ServerNotifications;

/** A promise that somebody else keeps. */
function signal(): { reached: Promise<void>; reach: () => void } {
  let reach = () => {};
  return { reached: new Promise((resolve) => { reach = resolve; }), reach: () => reach() };
}

async function main() {
  const server = spawn(tandem, args, { cwd: workspace, stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = new Promise((resolve) => server.on('exit', (code, signal) => resolve(signal ?? code)));
  const connection = lsp.createProtocolConnection(
    new lsp.StreamMessageReader(server.stdout), new lsp.StreamMessageWriter(server.stdin));
  const ask = <M extends keyof Requests>(method: M, params: Requests[M]['params'], token?: lsp.CancellationToken): Promise<Requests[M]['result']> =>
    // An argument too many would be sent, too: the library takes any number of params.
    token ? connection.sendRequest(method, params, token) : connection.sendRequest(method, params);
  const hear = <M extends keyof Notifications>(method: M, handler: (params: Notifications[M]) => void) =>
    connection.onNotification(method, handler);

  let seq = 0;
  let state = '';
  hear('session/didChange', (s) => {
    if (s.seq !== seq + 1) say('gap', seq, s.seq);
    seq = s.seq;
    if (s.state !== state) say('state', s.state);
    state = s.state;
  });
  const served = signal();
  let output = '';
  hear('session/output', (o) => {
    output += o.text;
    if (output.includes('serving')) served.reach();
  });
  const told: lsp.Diagnostic[][] = [];
  let published = signal();
  connection.onNotification(lsp.PublishDiagnosticsNotification.type, (d) => {
    told.push(d.diagnostics);
    published.reach();
    published = signal();
  });
  connection.onRequest(lsp.RegistrationRequest.type, () => {});
  connection.onUnhandledNotification(() => {});
  connection.listen();

  const root = pathToFileURL(workspace).href;
  const initialized: lsp.InitializeResult = await connection.sendRequest(lsp.InitializeRequest.type, {
    processId: process.pid, rootUri: root, capabilities: { textDocument: { publishDiagnostics: {} } },
    clientInfo: { name: 'vscode-languageserver-protocol' }, initializationOptions: { logLevel: 'debug' },
    workspaceFolders: [{ uri: root, name: 'shop' }],
  });
  await connection.sendNotification(lsp.InitializedNotification.type, {});
  const announced: p.TandemCapabilities = initialized.capabilities.experimental.tandem;
  say('protocol', announced.protocolVersion === protocolVersion && announced.methods.includes('session/start'));

  // The manifest as a language.
  const manifest = pathToFileURL(path.join(workspace, 'okteto.yml')).href;
  const text = readFileSync(path.join(workspace, 'okteto.yml'), 'utf8');
  const document = { uri: manifest };
  const lenses = async () => ((await connection.sendRequest(lsp.CodeLensRequest.type, { textDocument: document })) ?? [])
    .map((l) => l.command?.title ?? '');
  const until = async (holds: (d: lsp.Diagnostic[]) => boolean) => {
    while (!told.some(holds)) await published.reached;
    told.length = 0;
  };
  const lines = text.split('\n');
  const entry = lines.findIndex((l) => l === `  ${dev}:`);
  await connection.sendNotification(lsp.DidOpenTextDocumentNotification.type,
    { textDocument: { uri: manifest, languageId: 'yaml', version: 1, text } });
  await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: manifest, version: 2 },
    contentChanges: [{ range: lsp.Range.create(entry + 1, 0, entry + 1, 0), text: '    forwrad: []\n' }],
  });
  await until((d) => d.some((one) => one.code === 'unknown-field' && one.range.start.line === entry + 1));
  say('diagnostic', 'unknown-field');
  await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
    textDocument: { uri: manifest, version: 3 },
    contentChanges: [{ range: lsp.Range.create(entry + 1, 0, entry + 2, 0), text: '    time\n' }],
  });
  const offered = await connection.sendRequest(lsp.CompletionRequest.type,
    { textDocument: document, position: lsp.Position.create(entry + 1, 8) });
  say('completion', (Array.isArray(offered) ? offered : offered?.items ?? []).some((i) => i.label.startsWith('timeout')));
  await connection.sendNotification(lsp.DidChangeTextDocumentNotification.type,
    { textDocument: { uri: manifest, version: 4 }, contentChanges: [{ text }] });
  await until((d) => !d.some((one) => one.severity === lsp.DiagnosticSeverity.Error));
  say('lens', (await lenses()).includes('Run hybrid'));

  // The same object that vscode-languageclient uses for work done progress.
  const progress = new lsp.ProgressType<lsp.WorkDoneProgressBegin | lsp.WorkDoneProgressReport | lsp.WorkDoneProgressEnd>();
  const kinds: string[] = [];
  const watching = connection.onProgress(progress, 'start', (step) => kinds.push(step.kind));

  try {
    await ask('session/start', { manifest, dev: 'nobody' });
    say('error', 'none');
  } catch (e) {
    const failure = e as lsp.ResponseError<p.ErrorData>;
    say('error', failure.code === ErrorCode.RequestFailed && failure.data?.hint !== '', failure.data?.kind);
  }

  // A request that is cancelled with the library's own token.
  const cancel = new lsp.CancellationTokenSource();
  const doomed = ask('session/start', { manifest, dev }, cancel.token);
  cancel.cancel();
  await doomed.then(() => say('cancelled', false), (e) => say('cancelled', e.code));
  seq = 0;
  state = '';

  const ready = await ask('session/start', { manifest, dev, options: { run: true }, workDoneToken: 'start' });
  say('ready', ready.id, ready.state);
  watching.dispose();
  say('progress', kinds[0], kinds.slice(1, -1).every((k) => k === 'report'), kinds.at(-1));
  await served.reached;
  say('output');
  say('lens', (await lenses()).includes('Stop'));

  const env = await ask('env/resolve', { id: ready.id });
  say('env', env.variables.find((v) => v.name === 'SHOP_WHERE')?.value, env.variables.every((v) => !v.secret || v.value === undefined));

  const stopped = await ask('session/stop', { id: ready.id });
  say('stopped', stopped.state);

  await connection.sendRequest(lsp.ShutdownRequest.type);
  await connection.sendNotification(lsp.ExitNotification.type);
  say('exit', await exited);
  connection.dispose();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
