// Terminals: what a session's command writes, and a shell with the cluster's environment.
import * as vscode from 'vscode';
import { setting, type Backend } from './backend';
import { isOver, type Sessions, type Target } from './sessions';

/** What of a command's output is kept for a terminal that is opened later, in characters. */
const kept = 256 * 1024;

export class Terminals implements vscode.Disposable {
  private readonly outputs = new Map<string, Output>();
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly backend: Backend, private readonly sessions: Sessions, private readonly pick: () => Promise<Target | undefined>) {
    this.disposables = [
      backend.onOutput(p => this.output(p.id).write((p.dropped ? `\x1b[2m[${p.dropped} bytes were left out]\x1b[0m\r\n` : '') + p.text)),
      sessions.onDidChange(s => {
        if (s?.process?.state === 'exited') this.output(s.id).ended(s.process.pid, s.process.exitCode);
        if (s && isOver(s)) this.outputs.get(s.id)?.sessionEnded();
      }),
      vscode.window.registerTerminalProfileProvider('tandem.terminal', {
        provideTerminalProfile: async () => {
          const target = await this.pick();
          return target && new vscode.TerminalProfile(this.shell(target));
        },
      }),
    ];
  }

  /** Shows what a session's command wrote and writes. */
  show(id: string, preserveFocus: boolean): void {
    const dev = this.sessions.get(id)?.dev ?? id;
    this.output(id).show(dev, preserveFocus);
  }

  /** Opens a shell that has the environment of a dev. */
  open(t: Target): void { vscode.window.createTerminal(this.shell(t)).show(); }

  /**
   * The environment reaches the shell through `tandem run`, which asks the
   * session for it: no value passes through the editor, which would keep it to
   * bring the terminal back.
   */
  private shell(t: Target): vscode.TerminalOptions {
    const file = vscode.Uri.parse(t.manifest).fsPath;
    const flags = (['kubeconfig', 'context', 'namespace'] as const).flatMap(name => setting(name, '') ? [`--${name}`, setting(name, '')] : []);
    return {
      name: `Tandem: ${t.dev}`,
      iconPath: new vscode.ThemeIcon('cloud'),
      cwd: vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri ?? vscode.Uri.joinPath(vscode.Uri.file(file), '..'),
      shellPath: this.backend.program,
      shellArgs: ['run', t.dev, '--file', file, ...flags, '--', vscode.env.shell || (process.platform === 'win32' ? 'cmd.exe' : '/bin/sh')],
      message: `The environment of ${t.dev} in the cluster`,
    };
  }

  private output(id: string): Output {
    let output = this.outputs.get(id);
    if (!output) this.outputs.set(id, output = new Output());
    return output;
  }

  dispose(): void {
    for (const output of this.outputs.values()) output.dispose();
    vscode.Disposable.from(...this.disposables).dispose();
  }
}

/** What a terminal says that has nothing to show: what was written before a reload went with the window. */
const nothing = '\x1b[2m[nothing was written since this window was opened]\x1b[0m\r\n';

/** Output is one session's; its terminal is opened when somebody wants to see it. */
class Output implements vscode.Disposable {
  private text = '';
  private terminal: vscode.Terminal | undefined;
  private emitter: vscode.EventEmitter<string> | undefined;
  private told = 0;

  write(text: string): void {
    // A terminal wants both; a command on a pipe writes one.
    const lines = text.replace(/\r?\n/g, '\r\n');
    this.text = (this.text + lines).slice(-kept);
    this.emitter?.fire(lines);
  }

  /** The command is over; said once for each process. */
  ended(pid: number, code: number | null): void {
    if (this.told === pid) return;
    this.told = pid;
    this.write(`\x1b[2m[process ${pid} exited${code === null ? '' : ` with code ${code}`}]\x1b[0m\n`);
  }

  sessionEnded(): void {
    if (!this.text || this.text.endsWith('[the session has ended]\x1b[0m\r\n')) return;
    this.write('\x1b[2m[the session has ended]\x1b[0m\n');
  }

  show(dev: string, preserveFocus: boolean): void {
    if (!this.terminal) {
      const emitter = this.emitter = new vscode.EventEmitter<string>();
      const closed = (): void => {
        emitter.dispose();
        if (this.emitter === emitter) this.emitter = this.terminal = undefined;
      };
      this.terminal = vscode.window.createTerminal({
        name: `Tandem: ${dev}`, iconPath: new vscode.ThemeIcon('vm-running'), isTransient: true,
        pty: { onDidWrite: emitter.event, open: () => emitter.fire(this.text || nothing), close: closed },
      });
    }
    this.terminal.show(preserveFocus);
  }

  dispose(): void { this.terminal?.dispose(); }
}
