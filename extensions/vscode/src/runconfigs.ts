// Run configurations in the user's own files, which test explorers read, too: written and taken away
// by the server, which keeps the rest of those files as it is.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import type { Environments } from './environment';
import { plain } from './explanation';
import type * as protocol from './protocol';
import { isUp, type Sessions, type Target } from './sessions';
import { count } from './words';

const editor = 'vscode';

export class RunConfigs {
  constructor(private readonly backend: Backend, private readonly sessions: Sessions, private readonly environments: Environments) {}

  /** Writes those of an entry. With a session its environment is known, and its files are there at once. */
  async write(t: Target): Promise<void> {
    const s = this.sessions.of(t);
    const done = await this.backend.request('runConfig/write', { ...(s && isUp(s) ? { id: s.id } : { ...t }), ...this.place(t), editor });
    await this.tell(done, `Run configurations and test settings of ${t.dev}`, 'are as they should be', 'were written');
  }

  async remove(t: Target): Promise<void> {
    const done = await this.backend.request('runConfig/remove', { ...t, ...this.place(t), editor });
    await this.tell(done, `Run configurations and test settings of ${t.dev}`, 'are not there', 'were taken away');
  }

  private place(t: Target): { workspace?: string } {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(t.manifest));
    return folder ? { workspace: folder.uri.toString() } : {};
  }

  private async tell(r: protocol.RunConfigResult, what: string, same: string, changed: string): Promise<void> {
    const files = r.files.map(f => vscode.Uri.parse(f.uri));
    const names = files.map(f => vscode.workspace.asRelativePath(f));
    const message = names.length === 0 ? `${what} ${same}.` : `${what} ${changed}: ${names.join(', ')}.`;
    const first = r.files.find(f => f.action !== 'delete');
    const buttons = [...(first ? ['Open'] : []), ...(r.notes.length > 0 ? [`Show ${count(r.notes.length, 'Note')}`] : [])];
    const choice = await vscode.window.showInformationMessage(message, ...buttons);
    if (choice === 'Open' && first) await vscode.window.showTextDocument(vscode.Uri.parse(first.uri));
    else if (choice) await this.environments.showMarkdown('Notes.md', ['# Notes', '', ...r.notes.map(n => `- ${plain(n)}`), ''].join('\n'));
  }
}
