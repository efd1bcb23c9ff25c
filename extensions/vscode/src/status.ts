// The status-bar item: which session, its state, and the next try.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import type { LaunchEnvironment } from './launch';
import type * as protocol from './protocol';
import type { Sessions } from './sessions';
import { count, sessionSummary, stateWords } from './words';

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly disposables: vscode.Disposable[];
  private ticking: NodeJS.Timeout | undefined;

  constructor(private readonly backend: Backend, private readonly sessions: Sessions, private readonly launch: LaunchEnvironment) {
    this.item = vscode.window.createStatusBarItem('tandem.state', vscode.StatusBarAlignment.Left, 50);
    this.item.name = 'Tandem';
    this.item.command = 'tandem.session.menu';
    const show = (): void => this.show();
    this.disposables = [this.item, sessions.onDidChange(show), backend.onDidChangeState(show), launch.onDidChange(show)];
    this.show();
  }

  private show(): void {
    const alive = this.sessions.alive;
    const failed = this.sessions.all.filter(s => s.state === 'failed' && Date.now() - Date.parse(s.since) < 60_000);
    const shown = alive.length > 0 ? alive : failed;
    this.item.backgroundColor = undefined;
    if (this.backend.state === 'missing' || this.backend.state === 'failed') {
      this.item.text = '$(error) Tandem';
      this.item.tooltip = this.backend.state === 'missing' ? 'The tandem program was not found.' : 'The tandem backend does not run.';
      this.item.backgroundColor = new vscode.ThemeColor('statusBarItem.errorBackground');
    } else if (shown.length === 0) {
      this.item.text = this.backend.state === 'starting' ? '$(loading~spin) Tandem' : '$(circle-large-outline) Tandem';
      this.item.tooltip = 'Tandem: no session. Choose a service to run here.';
    } else if (shown.length === 1 && shown[0]) {
      this.one(shown[0]);
    } else {
      const worst = shown.find(s => s.state === 'failed') ?? shown.find(s => s.state === 'reconnecting') ?? shown.find(s => s.state !== 'ready') ?? shown[0];
      const ready = shown.filter(s => s.state === 'ready').length;
      this.item.text = `${symbol(worst?.state)} ${ready === shown.length ? `${ready} sessions ready` : `${ready} of ${count(shown.length, 'session')} ready`}`;
      this.item.tooltip = new vscode.MarkdownString(shown.map(s => `**${s.dev}** — ${sessionSummary(s, Date.now())}`).join('\n\n'));
      this.color(worst);
    }
    const used = this.launch.used;
    const text = this.item.text.replace(/\$\([^)]*\)\s*/g, '');
    this.item.accessibilityInformation = { label: `Tandem: ${text}${used ? `, launch configurations use the environment of ${used.dev}` : ''}`, role: 'button' };
    if (this.backend.state === 'off') this.item.hide();
    else this.item.show();
    this.tick(shown);
  }

  private one(s: protocol.Snapshot): void {
    this.item.text = `${symbol(s.state)} ${s.dev}: ${stateWords(s, Date.now())}`;
    const lines = [`**${s.dev}** in \`${s.namespace}\` — ${sessionSummary(s, Date.now())}`];
    if (s.cause) lines.push(s.cause.message, ...(s.cause.hint ? [`_${s.cause.hint}_`] : []));
    this.item.tooltip = new vscode.MarkdownString(lines.join('\n\n'));
    this.color(s);
  }

  private color(s: protocol.Snapshot | undefined): void {
    if (s?.state === 'failed') this.item.backgroundColor = new vscode.ThemeColor('statusBarItem.errorBackground');
    if (s?.state === 'reconnecting') this.item.backgroundColor = new vscode.ThemeColor('statusBarItem.warningBackground');
  }

  /** Counts down to the next try, and clears a failure after a minute. */
  private tick(shown: protocol.Snapshot[]): void {
    clearTimeout(this.ticking);
    this.ticking = undefined;
    if (shown.some(s => s.nextRetryAt || s.state === 'failed')) this.ticking = setTimeout(() => this.show(), 1000);
  }

  dispose(): void {
    clearTimeout(this.ticking);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

function symbol(state: protocol.State | undefined): string {
  switch (state) {
    case 'ready': return '$(pass-filled)';
    case 'reconnecting': return '$(warning)';
    case 'failed': return '$(error)';
    default: return '$(loading~spin)';
  }
}
