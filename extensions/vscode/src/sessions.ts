// What is known of manifests and sessions, as the server tells it.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import type * as protocol from './protocol';

/** An entry of a manifest: what every action is about. */
export interface Target { manifest: string; dev: string }

/** How far a session is: transitional ones turn into another by themselves. */
export function isOver(s: protocol.Snapshot | undefined): boolean {
  return !s || s.state === 'stopped' || s.state === 'failed';
}
export function isUp(s: protocol.Snapshot | undefined): boolean {
  return s?.state === 'ready' || s?.state === 'reconnecting';
}

const sameFile = (a: string, b: string): boolean => vscode.Uri.parse(a).fsPath === vscode.Uri.parse(b).fsPath;

export class Sessions implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<protocol.Snapshot | undefined>();
  /** A session has changed, or, with undefined, anything may have. */
  readonly onDidChange = this.changed.event;

  private readonly counted = new vscode.EventEmitter<string>();
  /** The tunnels of a session, by its id, have carried something; nothing else has changed. */
  readonly onDidCount = this.counted.event;

  private readonly known = new Map<string, protocol.Snapshot>();
  private list: protocol.Manifest[] = [];
  private left: protocol.Recoverable[] = [];
  private readonly disposables: vscode.Disposable[] = [];
  private refreshing: Promise<void> | undefined;
  private again: NodeJS.Timeout | undefined;
  private readonly files = vscode.workspace.createFileSystemWatcher('**/okteto.{yml,yaml}');

  constructor(private readonly backend: Backend) {
    const files = this.files;
    const refresh = (): void => void this.refresh();
    this.disposables.push(
      this.changed, this.counted, files,
      files.onDidChange(refresh), files.onDidCreate(refresh), files.onDidDelete(refresh),
      vscode.workspace.onDidChangeWorkspaceFolders(refresh),
      backend.onSession(s => this.take(s)),
      backend.onDidChangeState(state => {
        if (state === 'running') void this.refresh();
        else if (state !== 'starting') this.forget();
      }),
    );
  }

  /** Runs something when the first manifest appears. */
  onManifest(run: () => unknown): void {
    const once = this.files.onDidCreate(() => { once.dispose(); run(); });
    this.disposables.push(once);
  }

  get manifests(): readonly protocol.Manifest[] { return this.list; }
  get all(): protocol.Snapshot[] { return [...this.known.values()]; }
  /** Sessions that are neither stopped nor failed. */
  get alive(): protocol.Snapshot[] { return this.all.filter(s => !isOver(s)); }

  /** Sessions that a crash has left in the cluster, of any workspace of this user. */
  get leftBehind(): readonly protocol.Recoverable[] { return this.left; }

  /** What a crash has left of an entry. */
  leftOf(t: Target): protocol.Recoverable | undefined {
    return this.left.find(l => l.dev === t.dev && sameFile(l.manifest, t.manifest));
  }

  get(id: string): protocol.Snapshot | undefined { return this.known.get(id); }

  /** The session of an entry, the latest where there were several. */
  of(t: Target): protocol.Snapshot | undefined {
    const found = this.all.filter(s => s.dev === t.dev && sameFile(s.manifest, t.manifest));
    return found.find(s => !isOver(s)) ?? found.sort((a, b) => b.since.localeCompare(a.since))[0];
  }

  /** Entries that can be started, of every manifest. */
  get runnable(): Target[] {
    return this.list.flatMap(m => m.devs.filter(d => d.runnable).map(d => ({ manifest: m.uri, dev: d.name })));
  }

  /** Asks the server for everything. Calls at the same time share one answer. */
  refresh(): Promise<void> {
    return this.refreshing ??= this.ask().finally(() => { this.refreshing = undefined; });
  }

  private async ask(): Promise<void> {
    if (this.backend.state !== 'running') return;
    try {
      const [manifests, sessions] = await Promise.all([
        this.backend.request('manifest/list', {}),
        this.backend.request('session/list', {}),
      ]);
      this.list = manifests.manifests;
      this.left = sessions.recoverable;
      const ids = new Set(sessions.sessions.map(s => s.id));
      for (const id of this.known.keys()) if (!ids.has(id)) this.known.delete(id);
      for (const s of sessions.sessions) this.keep(s);
    } catch (err) {
      this.backend.log.warn(`asking for manifests and sessions: ${String(err)}`);
    }
    // Of what a crash has left nobody tells when its guard gives it back.
    clearTimeout(this.again);
    if (this.left.length > 0) this.again = setTimeout(() => void this.refresh(), 5000);
    void vscode.commands.executeCommand('setContext', 'tandem.hasManifest', this.list.length > 0);
    this.changed.fire(undefined);
  }

  /** Asks for the counters of one session's tunnels, which change without a notification. */
  async count(id: string): Promise<void> {
    try {
      const s = await this.backend.request('session/get', { id });
      const before = this.known.get(id);
      const news = before?.seq !== s.seq, counted = JSON.stringify(before?.tunnels) !== JSON.stringify(s.tunnels);
      if (!this.keep(s)) return;
      if (news) this.changed.fire(s);
      else if (counted) this.counted.fire(id);
    } catch {
      // The server is away, or the session is gone: notifications say so.
    }
  }

  private take(s: protocol.Snapshot): void {
    if (this.keep(s)) this.changed.fire(s);
  }

  /** A snapshot that was overtaken on its way is old news. */
  private keep(s: protocol.Snapshot): boolean {
    const before = this.known.get(s.id);
    if (before && before.seq > s.seq && !isOver(before)) return false;
    this.known.set(s.id, s);
    return true;
  }

  private forget(): void {
    this.known.clear();
    this.list = this.left = [];
    this.changed.fire(undefined);
  }

  dispose(): void {
    clearTimeout(this.again);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
