// The commands: what the user can do, from the palette, the tree, the status bar and the code lenses.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import type { DebugHybrid } from './debug';
import type { Environments } from './environment';
import { failureOf, showFailure, type Remedy } from './failure';
import type { LaunchEnvironment } from './launch';
import { doctorMarkdown } from './explanation';
import type * as protocol from './protocol';
import type { RunConfigs } from './runconfigs';
import { isOver, isUp, type Sessions, type Target } from './sessions';
import type { Terminals } from './terminals';
import type { Node } from './tree';
import { mask, oneLine, originWords, sessionSummary } from './words';

/** What a command may be about: a row of the tree, an entry, or nothing, and then the user is asked. */
type About = Node | Target | undefined;

/** The server's commands that we do ourselves. */
const ours: Record<string, string> = {
  'tandem.start': 'tandem.hybrid.run',
  'tandem.debug': 'tandem.hybrid.debug',
  'tandem.stop': 'tandem.session.stop',
  'tandem.restart': 'tandem.session.restart',
  'tandem.explain': 'tandem.variable.explain',
  'tandem.doctor': 'tandem.doctor.run',
  'tandem.status': 'tandem.sessions.focus',
};

function targetOf(about: About): Target | undefined {
  if (!about) return undefined;
  if ('kind' in about) return 'target' in about ? about.target : undefined;
  return about.manifest && about.dev ? about : undefined;
}

export class Commands implements vscode.Disposable {
  private readonly disposables: vscode.Disposable[] = [];
  private tokens = 0;

  constructor(
    private readonly backend: Backend,
    private readonly sessions: Sessions,
    private readonly environments: Environments,
    private readonly launch: LaunchEnvironment,
    private readonly configs: RunConfigs,
  ) {}

  /** Registers the commands; the terminals and debuggers come after, since they use start and pick. */
  register(terminals: Terminals, debug: DebugHybrid): void {
    const on = (name: string, run: (about: About) => unknown): void => {
      this.disposables.push(vscode.commands.registerCommand(`tandem.${name}`, async (about?: About) => {
        try {
          return await run(about);
        } catch (err) {
          return showFailure('Tandem', err, this.backend.log);
        }
      }));
    };
    on('hybrid.run', async about => {
      const target = targetOf(about) ?? await this.pickIdle('Run which service here?');
      const session = target && await this.start(target, { run: true });
      if (session?.process) terminals.show(session.id, true);
    });
    on('hybrid.connect', async about => {
      const target = targetOf(about) ?? await this.pickIdle('Connect which service?');
      if (target) await this.start(target, { run: false });
    });
    on('hybrid.debug', async about => {
      const target = targetOf(about) ?? await this.pick('Debug which service here?');
      if (target) await debug.start(target);
    });
    on('session.stop', async about => {
      const session = await this.session(about, 'Stop which session?', s => !isOver(s));
      if (session) await this.stop(session);
    });
    on('session.restart', async about => {
      const session = await this.session(about, 'Restart the command of which session?', s => isUp(s) && s.process !== null);
      if (session) await this.restart(session, terminals);
    });
    on('session.output', async about => {
      const session = await this.session(about, 'Show the output of which session?', s => s.process !== null);
      if (session) terminals.show(session.id, false);
    });
    on('session.recover', about => this.recover(targetOf(about)));
    on('session.menu', () => this.menu());
    on('tunnel.open', async about => {
      const session = await this.session(about, 'Open a tunnel in which session?', isUp);
      if (session) await this.openTunnel(session);
    });
    on('tunnel.close', async about => {
      if (about && 'kind' in about && about.kind === 'tunnel') await this.backend.ask('tunnel/close', { id: about.id, tunnel: about.tunnel.id });
    });
    on('tunnel.browse', about => {
      if (about && 'kind' in about && about.kind === 'tunnel') return vscode.env.openExternal(vscode.Uri.parse(`http://${about.tunnel.local}`));
      return undefined;
    });
    on('tunnel.copy', about => {
      if (about && 'kind' in about && about.kind === 'tunnel') return vscode.env.clipboard.writeText(about.tunnel.local);
      return undefined;
    });
    on('variable.explain', about => this.explain(about));
    on('variable.reveal', about => this.withVariable(about, (id, v) => this.environments.reveal(id, v.name)));
    on('variable.conceal', about => this.withVariable(about, (id, v) => this.environments.conceal(id, v.name)));
    on('variable.copyName', about => this.withVariable(about, (_, v) => vscode.env.clipboard.writeText(v.name)));
    on('variable.copy', about => this.withVariable(about, async (id, v) => {
      const value = v.value ?? await this.environments.value(id, v.name);
      if (value !== undefined) await vscode.env.clipboard.writeText(value);
    }));
    on('launch.use', async about => {
      const target = targetOf(about) ?? await this.pick('Whose environment shall launch configurations get?');
      if (!target) return;
      await this.launch.use(target);
      void vscode.window.setStatusBarMessage(`Launch configurations now run with the environment of ${target.dev}`, 5000);
    });
    on('launch.stopUsing', () => this.launch.use(undefined));
    on('launch.start', about => this.startLaunch(targetOf(about)));
    on('config.write', async about => {
      const target = targetOf(about) ?? await this.pick('Write the run configurations of which service?');
      if (target) await this.configs.write(target);
    });
    on('config.remove', async about => {
      const target = targetOf(about) ?? await this.pick('Take the run configurations of which service away?');
      if (target) await this.configs.remove(target);
    });
    on('terminal.open', async about => {
      const target = targetOf(about) ?? await this.pick('Whose environment shall the terminal have?');
      if (target) terminals.open(target);
    });
    on('doctor.run', async about => this.doctor(targetOf(about) ?? (this.sessions.runnable.length > 1 ? await this.pick('Check which service?') : this.sessions.runnable[0])));
    on('manifest.open', about => this.openManifest(about));
    on('view.refresh', () => this.sessions.refresh());
    on('backend.restart', () => this.backend.restart());
    on('backend.log', () => this.backend.log.show());
    this.backend.executeCommand = (command, args, next) => this.lens(command, args, next);
  }

  /**
   * Starts a session, with progress that can be cancelled. Returns it once it is
   * ready, or undefined where it failed or was cancelled: the user knows then.
   */
  async start(target: Target, options: protocol.SessionStartOptions): Promise<protocol.Snapshot | undefined> {
    const token = `tandem-vscode/${++this.tokens}`;
    try {
      return await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Notification, title: `Tandem: ${target.dev}`, cancellable: true },
        async (progress, cancelled) => {
          if (this.backend.state === 'off') await this.backend.start();
          const reports = this.backend.onProgress(token, message => progress.report({ message }));
          try {
            return await this.backend.request('session/start', { ...target, options, workDoneToken: token }, cancelled);
          } finally {
            reports.dispose();
          }
        });
    } catch (err) {
      const remedies: Remedy[] = [];
      const kind = failureOf(err).kind;
      if (kind === 'session-busy') remedies.push({ title: 'Take Over', run: () => this.start(target, { ...options, takeover: true }) });
      if (kind === 'manifest-invalid' || kind === 'port-in-use' || kind === 'container-not-found') {
        remedies.push({ title: 'Open Manifest', run: () => this.openManifest(target) });
      }
      if (this.backend.can('cluster/doctor') && ['permission-denied', 'cluster-unreachable', 'image-pull-failed', 'pod-security-denied', 'quota-exceeded'].includes(kind)) {
        remedies.push({ title: 'Doctor', run: () => this.doctor(target) });
      }
      void showFailure(`${target.dev} was not started`, err, this.backend.log, remedies);
      return undefined;
    }
  }

  async stop(session: protocol.Snapshot): Promise<void> {
    try {
      await vscode.window.withProgress(
        { location: vscode.ProgressLocation.Window, title: `Tandem: stopping ${session.dev}` },
        () => this.backend.request('session/stop', { id: session.id }));
    } catch (err) {
      void showFailure(`${session.dev} was not stopped`, err, this.backend.log, [{ title: 'Try Again', run: () => this.stop(session) }]);
    }
  }

  private async restart(session: protocol.Snapshot, terminals: Terminals): Promise<void> {
    try {
      await this.backend.request('session/restart', { id: session.id });
      terminals.show(session.id, true);
    } catch (err) {
      void showFailure(`The command of ${session.dev} was not restarted`, err, this.backend.log);
    }
  }

  /** Asks for an entry where there is a choice. */
  async pick(placeHolder: string, among = this.sessions.runnable): Promise<Target | undefined> {
    if (this.backend.state === 'starting') await this.sessions.refresh();
    if (among.length === 0) {
      const choice = await vscode.window.showWarningMessage('No okteto.yml of this workspace has a dev in hybrid mode.', 'How to Start');
      if (choice) void vscode.commands.executeCommand('workbench.action.openWalkthrough', 'tandem-dev.tandem#start');
      return undefined;
    }
    if (among.length === 1) return among[0];
    const items = among.map(target => {
      const session = this.sessions.of(target);
      return {
        label: target.dev, target,
        description: session && !isOver(session) ? sessionSummary(session, Date.now()) : '',
        detail: this.sessions.manifests.length > 1 ? vscode.workspace.asRelativePath(vscode.Uri.parse(target.manifest)) : '',
      };
    });
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.target;
  }

  private pickIdle(placeHolder: string): Promise<Target | undefined> {
    const idle = this.sessions.runnable.filter(t => isOver(this.sessions.of(t)));
    return this.pick(placeHolder, idle.length > 0 ? idle : this.sessions.runnable);
  }

  /** The session that a command is about. */
  private async session(about: About, placeHolder: string, fits: (s: protocol.Snapshot) => boolean): Promise<protocol.Snapshot | undefined> {
    const target = targetOf(about);
    if (target) return this.sessions.of(target);
    const fitting = this.sessions.all.filter(fits);
    if (fitting.length === 0) void vscode.window.showInformationMessage('There is no such session.');
    if (fitting.length <= 1) return fitting[0];
    const items = fitting.map(session => ({ label: session.dev, description: sessionSummary(session, Date.now()), session }));
    return (await vscode.window.showQuickPick(items, { placeHolder }))?.session;
  }

  /** The status bar's menu: what can be done now. */
  private async menu(): Promise<void> {
    const items: (vscode.QuickPickItem & { run?: () => unknown })[] = [];
    const command = (name: string, about?: About): (() => unknown) => () => vscode.commands.executeCommand(`tandem.${name}`, about);
    if (this.backend.state === 'missing' || this.backend.state === 'failed') {
      items.push({ label: '$(debug-restart) Restart Backend', run: command('backend.restart') });
    }
    for (const s of this.sessions.alive) {
      const target: Target = { manifest: s.manifest, dev: s.dev };
      items.push({ label: s.dev, description: sessionSummary(s, Date.now()), kind: vscode.QuickPickItemKind.Separator });
      items.push({ label: `$(debug-stop) Stop ${s.dev}`, detail: 'Give the cluster back', run: command('session.stop', target) });
      if (isUp(s)) {
        if (s.process) items.push({ label: `$(debug-restart) Restart the command of ${s.dev}`, run: command('session.restart', target) });
        if (s.process) items.push({ label: `$(output) Show the output of ${s.dev}`, run: command('session.output', target) });
        if (this.backend.can('debug/start')) items.push({ label: `$(debug-alt) Debug ${s.dev}`, run: command('hybrid.debug', target) });
        items.push({ label: `$(question) Explain a variable of ${s.dev}`, run: command('variable.explain', target) });
        items.push({ label: `$(terminal) Terminal with the environment of ${s.dev}`, run: command('terminal.open', target) });
      }
    }
    const idle = this.sessions.runnable.filter(t => isOver(this.sessions.of(t)));
    if (idle.length > 0) items.push({ label: 'Not running', kind: vscode.QuickPickItemKind.Separator });
    for (const target of idle) items.push({ label: `$(play) Run ${target.dev} hybrid`, run: command('hybrid.run', target) });
    items.push({ label: 'More', kind: vscode.QuickPickItemKind.Separator });
    const used = this.launch.used;
    items.push(used
      ? { label: '$(cloud) Use launch configurations as they are', description: `now with the environment of ${used.dev}`, run: command('launch.stopUsing') }
      : { label: '$(cloud-download) Use the cluster environment for launch configurations', run: command('launch.use') });
    if (this.backend.can('cluster/doctor')) items.push({ label: '$(pulse) Doctor', run: command('doctor.run') });
    items.push({ label: '$(output) Show Log', run: command('backend.log') });
    await (await vscode.window.showQuickPick(items, { placeHolder: 'Tandem' }))?.run?.();
  }

  private async explain(about: About): Promise<void> {
    const target = targetOf(about) ?? await this.pick('Explain a variable of which service?');
    if (!target) return;
    if (about && 'kind' in about && about.kind === 'variable') return this.environments.explain(target, about.variable.name);
    const picker = vscode.window.createQuickPick();
    picker.placeholder = `A variable of ${target.dev}; any name can be asked for`;
    picker.busy = true;
    picker.show();
    const names = this.environments.names(target).then(variables => {
      const items = variables.map(v => ({ label: v.name, description: `${v.value === undefined ? mask : oneLine(v.value, 40)} — ${originWords(v.origin)}` }));
      const offer = (): void => {
        const typed = picker.value.trim();
        picker.items = typed && !items.some(i => i.label === typed) ? [...items, { label: typed, description: 'why is it not there?' }] : items;
      };
      offer();
      picker.onDidChangeValue(offer);
      picker.busy = false;
    });
    const chosen = new Promise<string | undefined>(resolve => {
      picker.onDidAccept(() => resolve(picker.selectedItems[0]?.label));
      picker.onDidHide(() => resolve(undefined));
    });
    try {
      const name = await Promise.race([chosen, names.then(() => chosen)]);
      if (name) await this.environments.explain(target, name);
    } finally {
      picker.dispose();
    }
  }

  private withVariable(about: About, run: (id: string, v: protocol.Variable) => unknown): unknown {
    return about && 'kind' in about && about.kind === 'variable' ? run(about.id, about.variable) : undefined;
  }

  private async openTunnel(session: protocol.Snapshot): Promise<void> {
    const kind = await vscode.window.showQuickPick([
      { label: '$(arrow-up) Forward', description: 'reach a service of the cluster from this machine', kind_: 'forward' as const },
      { label: '$(arrow-down) Reverse', description: 'let the cluster reach a port of this machine', kind_: 'reverse' as const },
    ], { placeHolder: `A tunnel of ${session.dev}` });
    if (!kind) return;
    const spec = await vscode.window.showInputBox(kind.kind_ === 'forward'
      ? { prompt: 'LOCAL:SERVICE:PORT, as in the manifest', placeHolder: '5432:postgres:5432' }
      : { prompt: 'REMOTE:LOCAL, as in the manifest', placeHolder: '8080:8080' });
    if (spec) await this.backend.ask('tunnel/open', { id: session.id, kind: kind.kind_, spec });
  }

  /** Starts one of the user's launch configurations with the environment, without a lasting choice. */
  private async startLaunch(about: Target | undefined): Promise<void> {
    const target = about ?? await this.pick('Whose environment?');
    if (!target) return;
    const folders = vscode.workspace.workspaceFolders ?? [];
    const items = folders.flatMap(folder =>
      (vscode.workspace.getConfiguration('launch', folder.uri).get<vscode.DebugConfiguration[]>('configurations') ?? [])
        .map(c => ({ label: c.name, description: folders.length > 1 ? `${c.type} · ${folder.name}` : c.type, folder })));
    const chosen = items.length === 1 ? items[0] : await vscode.window.showQuickPick(items, { placeHolder: 'Which launch configuration?' });
    if (chosen) await this.launch.during(target, () => vscode.debug.startDebugging(chosen.folder, chosen.label));
  }

  async doctor(target: Target | undefined): Promise<void> {
    const report = await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: 'Tandem: examining', cancellable: true },
      (_, cancelled) => this.backend.request('cluster/doctor', target ? { ...target } : {}, cancelled));
    await this.environments.showMarkdown('Doctor.md', doctorMarkdown(report));
  }

  private async openManifest(about: About): Promise<void> {
    const target = targetOf(about);
    const uri = target?.manifest ?? (about && 'kind' in about && about.kind === 'manifest' ? about.manifest.uri : this.sessions.manifests[0]?.uri);
    if (!uri) return;
    const range = this.sessions.manifests.find(m => m.uri === uri)?.devs.find(d => d.name === target?.dev)?.range;
    const start = range && new vscode.Position(range.start.line, range.start.character);
    await vscode.window.showTextDocument(vscode.Uri.parse(uri), start ? { selection: new vscode.Range(start, start) } : {});
  }

  /** Goes on with what a crash has left behind, or gives it back, as the user likes. */
  private async recover(about: Target | undefined): Promise<void> {
    await this.sessions.refresh();
    const left = about ? [this.sessions.leftOf(about)].filter(l => l !== undefined) : this.sessions.leftBehind;
    if (left.length === 0) {
      void vscode.window.showInformationMessage('There is nothing to recover: no crash has left a workload diverted.');
      return;
    }
    const ways = left.flatMap(session => [
      { label: `$(discard) Give ${session.workload} back`, description: `in ${session.namespace}`, detail: `Ends the session of ${session.dev}`, session, action: 'restore' as const },
      { label: `$(debug-continue) Continue ${session.dev} here`, description: `in ${session.namespace}`, detail: 'With the same tunnels and environment', session, action: 'adopt' as const },
    ]);
    const chosen = await vscode.window.showQuickPick(ways, { placeHolder: `${left.length === 1 ? 'A session has' : 'Sessions have'} lost the process that kept them` });
    if (!chosen) return;
    try {
      await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `Tandem: recovering ${chosen.session.dev}`, cancellable: true },
        (_, cancelled) => this.backend.request('session/recover', { id: chosen.session.id, action: chosen.action }, cancelled));
    } catch (err) {
      void showFailure(`${chosen.session.dev} was not recovered`, err, this.backend.log, [{ title: 'Try Again', run: () => this.recover(about) }]);
    }
    await this.sessions.refresh();
  }

  /** A code lens of the server, done our way where we have one: with progress and buttons. */
  private lens(command: string, args: unknown[], next: (command: string, args: unknown[]) => unknown): unknown {
    const own = ours[command];
    const a = (args[0] ?? {}) as protocol.CommandArguments;
    const session = a.id ? this.sessions.get(a.id) : undefined;
    const target = a.manifest && a.dev ? { manifest: a.manifest, dev: a.dev } : session && { manifest: session.manifest, dev: session.dev };
    return own && target && !a.name ? vscode.commands.executeCommand(own, target) : next(command, args);
  }

  dispose(): void { vscode.Disposable.from(...this.disposables).dispose(); }
}
