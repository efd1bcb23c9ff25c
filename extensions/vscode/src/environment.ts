// The environment of a session or a manifest's entry: asked for when it is looked at, values of
// Secrets only when they are revealed, copied or given to a process.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import { explanationMarkdown } from './explanation';
import type * as protocol from './protocol';
import { isUp, type Sessions, type Target } from './sessions';

const scheme = 'tandem';

export class Environments implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<string>();
  /** The environment of a session, by its id, is another one. */
  readonly onDidChange = this.changed.event;
  private readonly texts = new vscode.EventEmitter<vscode.Uri>();

  /** By session; without the values of Secrets. */
  private readonly known = new Map<string, { hash: string; result: Promise<protocol.EnvResolveResult> }>();
  /** Values that the user revealed, by session and name; gone with the environment that they were in. */
  private readonly revealed = new Map<string, Map<string, string>>();
  private readonly documents = new Map<string, string>();
  private readonly disposables: vscode.Disposable[] = [];

  constructor(private readonly backend: Backend, private readonly sessions: Sessions) {
    this.disposables.push(
      this.changed, this.texts,
      vscode.workspace.registerTextDocumentContentProvider(scheme, {
        onDidChange: this.texts.event,
        provideTextDocumentContent: uri => this.documents.get(uri.toString()) ?? 'This is no longer known. Ask again.',
      }),
      vscode.workspace.onDidCloseTextDocument(d => { if (d.uri.scheme === scheme) this.documents.delete(d.uri.toString()); }),
      backend.onEnvironment(e => this.forget(e.id)),
      sessions.onDidChange(s => { if (s && !isUp(s)) this.forget(s.id); }),
    );
  }

  /** The variables of a session, sorted by name. */
  of(s: protocol.Snapshot): Promise<protocol.EnvResolveResult> {
    const known = this.known.get(s.id);
    if (known && known.hash === s.env.hash) return known.result;
    this.revealed.delete(s.id);
    const result = this.backend.request('env/resolve', { id: s.id });
    this.known.set(s.id, { hash: s.env.hash, result });
    result.catch(() => { if (this.known.get(s.id)?.result === result) this.known.delete(s.id); });
    return result;
  }

  revealedValue(id: string, name: string): string | undefined { return this.revealed.get(id)?.get(name); }

  async reveal(id: string, name: string): Promise<void> {
    const value = await this.value(id, name);
    if (value === undefined) return;
    const values = this.revealed.get(id) ?? new Map<string, string>();
    this.revealed.set(id, values.set(name, value));
    this.changed.fire(id);
  }

  conceal(id: string, name: string): void {
    this.revealed.get(id)?.delete(name);
    this.changed.fire(id);
  }

  /** One value, that of a Secret, too. */
  async value(id: string, name: string): Promise<string | undefined> {
    const all = await this.backend.request('env/resolve', { id, reveal: true });
    return all.variables.find(v => v.name === name)?.value;
  }

  /**
   * The environment for a process on this machine, values of Secrets included:
   * what the server's local merge applies, under the names that it gives. It
   * goes from here into a process, and nowhere else.
   */
  async forProcess(id: string): Promise<Map<string, string>> {
    const all = await this.backend.request('env/resolve', { id, reveal: true });
    const env = new Map<string, string>();
    for (const v of all.variables) {
      if (v.value === undefined || (v.local && v.local.action !== 'applied')) continue;
      env.set(v.local?.as ?? v.name, v.value);
    }
    return env;
  }

  /** Names for a choice: of the session where one runs, else of the entry. */
  async names(t: Target): Promise<protocol.Variable[]> {
    const s = this.sessions.of(t);
    const params = s && isUp(s) ? { id: s.id } : { manifest: t.manifest, dev: t.dev };
    return (await this.backend.request('env/resolve', params)).variables;
  }

  /** Shows how a variable came to its value, beside the text. */
  async explain(t: Target, name: string): Promise<void> {
    const s = this.sessions.of(t);
    const up = s && isUp(s);
    const e = await this.backend.request('env/explain',
      { ...(up ? { id: s.id } : { manifest: t.manifest, dev: t.dev }), name });
    await this.showMarkdown(`${e.name}.md`, explanationMarkdown(e, up ? `session ${s.id}` : `${t.dev}, without a session,`));
  }

  /** Shows a text that nobody has to save. */
  async showMarkdown(name: string, text: string): Promise<void> {
    const uri = vscode.Uri.from({ scheme, path: `/${name}` });
    this.documents.set(uri.toString(), text);
    this.texts.fire(uri);
    await vscode.commands.executeCommand('markdown.showPreviewToSide', uri);
  }

  private forget(id: string): void {
    this.known.delete(id);
    this.revealed.delete(id);
    this.changed.fire(id);
  }

  dispose(): void { vscode.Disposable.from(...this.disposables).dispose(); }
}
