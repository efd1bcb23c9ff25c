// What happens to sessions by itself, told once: one that was up has failed, or its environment is
// another one while programs still run with the old. What a command failed at, that command tells.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import { showFailure } from './failure';
import type * as protocol from './protocol';
import { isUp, type Sessions } from './sessions';
import { names } from './words';

export class News implements vscode.Disposable {
  /** Sessions that were up when they were last heard of. */
  private readonly up = new Set<string>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly backend: Backend, private readonly sessions: Sessions) {
    this.disposables = [
      backend.onSession(s => this.session(s)),
      backend.onEnvironment(e => void this.environment(e)),
      sessions.onDidChange(() => { for (const s of sessions.all) if (isUp(s)) this.up.add(s.id); }),
    ];
  }

  private session(s: protocol.Snapshot): void {
    if (isUp(s)) this.up.add(s.id);
    if (s.state !== 'failed' && s.state !== 'stopped') return;
    const was = this.up.delete(s.id);
    if (!was || s.state !== 'failed' || !s.cause) return;
    const { message, kind, hint } = s.cause;
    const target = { manifest: s.manifest, dev: s.dev };
    void showFailure(`The session of ${s.dev} has ended`, Object.assign(new Error(message), { data: { kind, hint } }), this.backend.log,
      [{ title: 'Run Again', run: () => vscode.commands.executeCommand('tandem.hybrid.run', target) }]);
  }

  private async environment(e: protocol.EnvDidChangeParams): Promise<void> {
    const s = this.sessions.get(e.id);
    if (!s || e.stale.length === 0) return;
    const target = { manifest: s.manifest, dev: s.dev };
    const command = e.stale.includes('process') ? ['Restart Command'] : [];
    const choice = await vscode.window.showInformationMessage(
      `The environment of ${s.dev} has changed in the cluster: ${names([...e.added, ...e.changed, ...e.removed])}. What runs has the old one.`, ...command);
    if (choice) await vscode.commands.executeCommand('tandem.session.restart', target);
  }

  dispose(): void { vscode.Disposable.from(...this.disposables).dispose(); }
}
