// "Debug hybrid": the debug type tandem, which stands on the server's debug/start.
import * as vscode from 'vscode';
import type { Backend } from './backend';
import type { Commands } from './commands';
import { showFailure } from './failure';
import type { Sessions, Target } from './sessions';
import { isUp } from './sessions';

/** The answer to debug/start. */
interface Started { id?: string; host: string; port: number; protocol: string; configuration?: Record<string, unknown> }

/** Where a debug session that was prepared finds its adapter; taken out when it starts. */
const address = '__tandem';

export class DebugHybrid implements vscode.DebugConfigurationProvider, vscode.DebugAdapterDescriptorFactory, vscode.Disposable {
  private readonly disposables: vscode.Disposable[];

  constructor(private readonly backend: Backend, private readonly sessions: Sessions, private readonly commands: Commands) {
    this.disposables = [
      vscode.debug.registerDebugConfigurationProvider('tandem', this),
      vscode.debug.registerDebugAdapterDescriptorFactory('tandem', this),
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
      const { dev: _dev, manifest: _manifest, type: _type, name: _name, request: _request, ...wishes } = config;
      const params: Record<string, unknown> = { id: session.id, mode: 'launch' };
      for (const [key, value] of Object.entries(wishes)) if (!key.startsWith('__') && !['preLaunchTask', 'postDebugTask', 'presentation', 'internalConsoleOptions'].includes(key)) params[key] = value;
      const started = await this.backend.ask<Started>('debug/start', params, token);
      return { ...config, ...started.configuration, type: 'tandem', name: config.name, [address]: { host: started.host, port: started.port } };
    } catch (err) {
      void showFailure(`${target.dev} cannot be debugged`, err, this.backend.log);
      return undefined;
    }
  }

  createDebugAdapterDescriptor(session: vscode.DebugSession): vscode.DebugAdapterDescriptor {
    const at = session.configuration[address] as { host: string; port: number };
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
