// "With cluster environment" for any launch configuration: in memory, never in launch.json.
import * as fs from 'node:fs/promises';
import * as vscode from 'vscode';
import { setting, type Backend } from './backend';
import type { Environments } from './environment';
import { showFailure } from './failure';
import { envFilesOf, namesIn, takesEnvironment, withEnvironment, type LaunchConfiguration, type Precedence } from './launchenv';
import { isUp, type Sessions, type Target } from './sessions';

const memory = 'tandem.launch';

/** Which dev's environment launch configurations get: the user's choice, kept with the workspace. */
export class LaunchEnvironment implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.changed.event;
  /** For the next launch only, whatever the choice is. */
  private once: Target | undefined;

  constructor(private readonly state: vscode.Memento) {}

  get used(): Target | undefined { return this.state.get<Target>(memory); }

  isUsed(t: Target): boolean { return this.used?.dev === t.dev && this.used.manifest === t.manifest; }

  async use(t: Target | undefined): Promise<void> {
    await this.state.update(memory, t);
    this.changed.fire();
  }

  /** Runs something that starts a launch configuration with t's environment. */
  async during<T>(t: Target, start: () => Thenable<T>): Promise<T> {
    this.once = t;
    try {
      return await start();
    } finally {
      this.once = undefined;
    }
  }

  get wanted(): Target | undefined { return this.once ?? this.used; }

  dispose(): void { this.changed.dispose(); }
}

/**
 * LaunchProvider adds the environment to every launch configuration, whatever
 * its type, after its variables were substituted: a value with ${…} in it
 * arrives as it is.
 */
export class LaunchProvider implements vscode.DebugConfigurationProvider {
  constructor(
    private readonly backend: Backend,
    private readonly sessions: Sessions,
    private readonly environments: Environments,
    private readonly launch: LaunchEnvironment,
    /** Starts a session without its command; undefined where that failed or was cancelled, which the user knows. */
    private readonly connect: (t: Target) => Promise<string | undefined>,
  ) {}

  async resolveDebugConfigurationWithSubstitutedVariables(
    _folder: vscode.WorkspaceFolder | undefined, config: vscode.DebugConfiguration,
  ): Promise<vscode.DebugConfiguration | undefined> {
    const target = this.launch.wanted;
    if (!target || config.type === 'tandem' || !takesEnvironment(config as LaunchConfiguration)) return config;
    const session = this.sessions.of(target);
    const id = session && isUp(session) ? session.id : await this.connect(target);
    if (!id) return undefined; // the user was told; a launch without the environment is not what was asked for
    try {
      const env = await this.environments.forProcess(id);
      const precedence = setting<Precedence>('launch.precedence', 'user');
      const names = precedence === 'user' ? await this.fileNames(config as LaunchConfiguration) : [];
      this.backend.log.info(`${config.name} gets ${env.size} variables of ${id}`);
      return withEnvironment(config as vscode.DebugConfiguration & LaunchConfiguration, env, precedence, names);
    } catch (err) {
      void showFailure(`The environment of ${target.dev}`, err, this.backend.log);
      return undefined;
    }
  }

  private async fileNames(config: LaunchConfiguration): Promise<string[]> {
    const names: string[] = [];
    for (const file of envFilesOf(config)) {
      try {
        names.push(...namesIn(await fs.readFile(file, 'utf8')));
      } catch {
        // The debugger says so itself.
      }
    }
    return names;
  }
}
