// "Debug hybrid": the debug type tandem, which stands on the server's debug/start.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import type { Commands } from './commands';
import { showFailure } from './failure';
import type * as protocol from './protocol';
import { isUp, type Sessions, type Target } from './sessions';

/** In a debug session's configuration: which of the server's debuggers it is, and where that listens. */
const owned = '__tandem';

/** What of a launch configuration is meant for debug/start. */
const wishes = ['language', 'mode', 'program', 'args', 'cwd', 'buildFlags', 'pid', 'command', 'stopOnEntry', 'substitutePath'] as const;

function wishesOf(config: vscode.DebugConfiguration): Partial<protocol.DebugStartParams> {
  return Object.fromEntries(wishes.filter(w => config[w] !== undefined && config[w] !== '').map(w => [w, config[w]]));
}

export class DebugHybrid implements vscode.DebugConfigurationProvider, vscode.DebugAdapterDescriptorFactory, vscode.Disposable {
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly backend: Backend, private readonly sessions: Sessions, private readonly commands: Commands) {
    this.disposables = [
      vscode.debug.registerDebugConfigurationProvider('tandem', this),
      vscode.debug.registerDebugAdapterDescriptorFactory('tandem', this),
      // A debugger that only was attached to leaves its program: it ends with the debug session, and the command comes back.
      vscode.debug.onDidTerminateDebugSession(session => {
        const own = session.configuration[owned] as { id: string; debug: string } | undefined;
        if (own) void this.backend.request('debug/stop', { id: own.id, debug: own.debug }).catch(() => undefined);
      }),
    ];
  }

  /** Debugs an entry without any launch configuration. */
  async start(t: Target): Promise<void> {
    const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(t.manifest));
    await vscode.debug.startDebugging(folder, {
      type: 'tandem', request: 'launch', name: `Debug ${t.dev} hybrid`, dev: t.dev, manifest: vscode.Uri.parse(t.manifest).fsPath,
    });
  }

  /** F5 without a launch.json: debugs the manifest's dev. */
  resolveDebugConfiguration(_folder: vscode.WorkspaceFolder | undefined, config: vscode.DebugConfiguration): vscode.DebugConfiguration {
    return config.type ? config : { ...config, type: 'tandem', request: 'launch', name: 'Debug hybrid' };
  }

  /** Brings the session up, has a debugger started in it, and says where it listens. */
  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined, config: vscode.DebugConfiguration, token?: vscode.CancellationToken,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const target = await this.target(config);
    if (!target) return undefined;
    const known = this.sessions.of(target);
    const session = known && isUp(known) ? known : await this.commands.start(target, { run: false });
    if (!session) return undefined;
    try {
      const started = await this.backend.request('debug/start', { id: session.id, ...wishesOf(config) }, token);
      const own = { id: session.id, debug: started.debug };
      const answered = started.configuration as vscode.DebugConfiguration;
      if (started.protocol === 'dap') {
        return { ...answered, type: 'tandem', name: config.name, [owned]: { ...own, host: started.host, port: started.port } };
      }
      // Another debugger's business, js-debug's or Java's: it attaches to what the server has started.
      const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.parse(target.manifest));
      await vscode.debug.startDebugging(folder, { ...answered, name: config.name, [owned]: own });
      return undefined;
    } catch (err) {
      void showFailure(`${target.dev} cannot be debugged`, err, this.backend.log);
      return undefined;
    }
  }

  createDebugAdapterDescriptor(session: vscode.DebugSession): vscode.DebugAdapterDescriptor {
    const at = session.configuration[owned] as { host: string; port: number };
    return new vscode.DebugAdapterServer(at.port, at.host);
  }

  private async target(config: vscode.DebugConfiguration): Promise<Target | undefined> {
    const dev = typeof config['dev'] === 'string' ? config['dev'] : '';
    const file = typeof config['manifest'] === 'string' ? config['manifest'] : '';
    await this.sessions.refresh();
    const among = this.sessions.runnable.filter(t => (!dev || t.dev === dev) && (!file || vscode.Uri.parse(t.manifest).fsPath === file));
    if (among.length === 0 && dev) {
      void showFailure('Tandem', new Error(`no manifest of this workspace has a hybrid dev ${JSON.stringify(dev)}`), this.backend.log);
      return undefined;
    }
    return this.commands.pick('Debug which service here?', among);
  }

  dispose(): void { vscode.Disposable.from(...this.disposables).dispose(); }
}
