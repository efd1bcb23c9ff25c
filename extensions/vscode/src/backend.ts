// The backend: `tandem serve`, its life and its crashes, and the conversation with it.
import * as vscode from 'vscode';
import type { CloseHandlerResult, ExecuteCommandSignature, LanguageClient } from 'vscode-languageclient/node';
import { findProgram, NotFound } from './binary';
import type * as clients from './client';
import { failureOf, showFailure } from './failure';
import type * as protocol from './protocol';

/** missing: there is no program. failed: it ended again and again. */
export type BackendState = 'off' | 'missing' | 'starting' | 'running' | 'failed';

/** A crash is survived so often within crashWindow; then the user is asked. */
const crashLimit = 5;
const crashWindow = 3 * 60_000;

export class Backend implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<BackendState>();
  private readonly session = new vscode.EventEmitter<protocol.Snapshot>();
  private readonly written = new vscode.EventEmitter<protocol.SessionOutputParams>();
  private readonly env = new vscode.EventEmitter<protocol.EnvDidChangeParams>();
  /** The backend's own state. */
  readonly onDidChangeState = this.changed.event;
  /** A session has changed. */
  readonly onSession = this.session.event;
  /** A session's command has written something. */
  readonly onOutput = this.written.event;
  /** The environment of a session has changed in the cluster. */
  readonly onEnvironment = this.env.event;

  /** Runs what a code lens asks for; set by whoever owns the commands. */
  executeCommand: ((command: string, args: unknown[], next: ExecuteCommandSignature) => unknown) | undefined;

  readonly log: vscode.LogOutputChannel;
  /** The program that serves, '' before it was found. */
  program = '';
  private client: LanguageClient | undefined;
  private loaded: typeof clients | undefined;
  private crashes: number[] = [];
  private current: BackendState = 'off';

  constructor(private readonly extension: string, private readonly workspaceKey: string) {
    this.log = vscode.window.createOutputChannel('Tandem', { log: true });
  }

  get state(): BackendState { return this.current; }

  /** Whether this server answers a method, or has a command: what it does not answer is not offered. */
  can(method: string): boolean { return this.methods.has(method); }
  private methods = new Set<string>();
  /** The server's version, '' while none runs. */
  version = '';

  /** Starts the server unless it runs; never rejects, the state tells. */
  async start(): Promise<void> {
    if (this.client || this.current === 'starting') return;
    this.enter('starting');
    try {
      this.program = await findProgram({
        setting: setting('path', ''), extension: this.extension, path: process.env['PATH'] ?? '',
      });
    } catch (err) {
      this.log.error(err instanceof Error ? err.message : String(err));
      this.enter(err instanceof NotFound ? 'missing' : 'failed');
      return;
    }
    this.crashes = [];
    // Loaded when it is needed: it is nearly all of the extension's code.
    const loaded = this.loaded ??= await import('./client.js');
    const client = this.client = loaded.newClient({
      program: this.program,
      args: ['serve', '--keep', `${setting('linger', 60)}s`, '--keep-for', this.workspaceKey],
      log: this.log,
      options: initializationOptions,
      executeCommand: (command, args, next) => this.executeCommand ? this.executeCommand(command, args, next) : next(command, args),
      closed: () => this.crashed(loaded),
    });
    client.onDidChangeState(e => {
      if (client !== this.client) return;
      if (e.newState === loaded.State.Running) this.opened(client);
      else if (e.newState === loaded.State.Starting) this.enter('starting');
    });
    client.onNotification('session/didChange', (p: protocol.Snapshot) => this.session.fire(p));
    client.onNotification('session/output', (p: protocol.SessionOutputParams) => this.written.fire(p));
    client.onNotification('env/didChange', (p: protocol.EnvDidChangeParams) => this.env.fire(p));
    void client.setTrace(loaded.Trace.fromString(setting('trace.server', 'off')));
    try {
      await client.start();
    } catch (err) {
      this.log.error(`${this.program} does not serve: ${failureOf(err).message}`);
      if (this.client === client) {
        this.client = undefined;
        this.enter('failed');
        void showFailure(`Tandem's backend does not start`, err, this.log);
      }
    }
  }

  /** Ends the server. Its sessions live on for the time of tandem.linger. */
  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    this.methods.clear();
    this.enter('off');
    // A server that is still starting cannot be stopped in an orderly way.
    await client?.dispose(2000).catch(() => undefined);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Asks the server. Rejects with what failureOf understands. */
  async request<M extends keyof protocol.ClientRequests>(
    method: M, params: protocol.ClientRequests[M]['params'], token?: vscode.CancellationToken,
  ): Promise<protocol.ClientRequests[M]['result']> {
    return this.ask(method, params, token);
  }

  /** Asks for a method that this version's types do not have; see can. */
  async ask<T>(method: string, params: unknown, token?: vscode.CancellationToken): Promise<T> {
    if (this.current === 'off' || this.current === 'missing') await this.start();
    const client = this.client;
    if (!client) throw new Error('the tandem backend does not run');
    return token ? client.sendRequest<T>(method, params, token) : client.sendRequest<T>(method, params);
  }

  /** Hears what the server reports on a token that a request carries. */
  onProgress(token: string, report: (message: string) => void): vscode.Disposable {
    if (!this.loaded || !this.client) return new vscode.Disposable(() => undefined);
    return this.client.onProgress(this.loaded.WorkDoneProgress.type, token, p => {
      if ('message' in p && p.message && p.kind !== 'end') report(p.message);
    });
  }

  dispose(): void {
    for (const emitter of [this.changed, this.session, this.written, this.env]) emitter.dispose();
    this.log.dispose();
  }

  private opened(client: LanguageClient): void {
    const result = client.initializeResult;
    const tandem = (result?.capabilities.experimental as { tandem?: { methods?: string[] } } | undefined)?.tandem;
    this.methods = new Set([...tandem?.methods ?? [], ...result?.capabilities.executeCommandProvider?.commands ?? []]);
    this.version = result?.serverInfo?.version ?? '';
    this.enter('running');
  }

  /** The server ended by itself: started again, unless it does so all the time. */
  private crashed(loaded: typeof clients): CloseHandlerResult {
    const now = Date.now();
    this.crashes = [...this.crashes.filter(at => now - at < crashWindow), now];
    if (!this.client) return { action: loaded.CloseAction.DoNotRestart, handled: true };
    if (this.crashes.length <= crashLimit) {
      this.log.warn('the backend ended; it is started again');
      this.enter('starting');
      return { action: loaded.CloseAction.Restart, handled: true };
    }
    this.client = undefined;
    this.enter('failed');
    void vscode.window.showErrorMessage(`Tandem's backend ended ${this.crashes.length} times within three minutes.`, 'Restart Backend', 'Show Log')
      .then(choice => {
        if (choice === 'Restart Backend') return this.start();
        if (choice) this.log.show();
        return undefined;
      });
    return { action: loaded.CloseAction.DoNotRestart, handled: true };
  }

  private enter(state: BackendState): void {
    if (state === this.current) return;
    this.current = state;
    void vscode.commands.executeCommand('setContext', 'tandem.backend', state);
    for (const [key, method] of Object.entries({ debug: 'debug/start', tunnel: 'tunnel/open', doctor: 'cluster/doctor', recover: 'session/recover' })) {
      void vscode.commands.executeCommand('setContext', `tandem.can.${key}`, this.methods.has(method));
    }
    this.changed.fire(state);
  }
}

/** A setting of ours. */
export function setting<T>(name: string, fallback: T): T {
  return vscode.workspace.getConfiguration('tandem').get<T>(name) ?? fallback;
}

/** The settings that the server wants at its start: those that are set. */
function initializationOptions(): Record<string, string> {
  const options: Record<string, string> = {};
  for (const name of ['kubeconfig', 'context', 'namespace', 'agentImage', 'rewriteHosts', 'logLevel']) {
    const value = setting(name, '');
    if (value) options[name] = value;
  }
  return options;
}
