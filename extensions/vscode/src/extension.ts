// The extension's entry: nothing at all in a workspace that is not trusted, and little until there
// is a manifest. What VS Code waits for is this file and what activate does before it returns.
import * as crypto from 'node:crypto';
import * as vscode from 'vscode';
import { Backend } from './backend';
import { Commands } from './commands';
import { DebugHybrid } from './debug';
import { Environments } from './environment';
import { LaunchEnvironment, LaunchProvider } from './launch';
import { News } from './news';
import { RunConfigs } from './runconfigs';
import { Sessions } from './sessions';
import { StatusBar } from './status';
import { Terminals } from './terminals';
import { Tree } from './tree';

let backend: Backend | undefined;

export function activate(context: vscode.ExtensionContext): void {
  if (vscode.workspace.isTrusted) begin(context);
  else context.subscriptions.push(vscode.workspace.onDidGrantWorkspaceTrust(() => begin(context)));
}

/** VS Code ends the extension host: with the window, but also to reload it. The sessions stay for tandem.linger. */
export async function deactivate(): Promise<void> {
  await backend?.stop();
}

function begin(context: vscode.ExtensionContext): void {
  const own = backend = new Backend(context.extensionPath, workspaceKey(context));
  const sessions = new Sessions(own);
  const launch = new LaunchEnvironment(context.workspaceState);
  const environments = new Environments(own, sessions);
  const commands = new Commands(own, sessions, environments, launch, new RunConfigs(own, sessions, environments));
  const terminals = new Terminals(own, sessions, () => commands.pick('Whose environment shall the terminal have?'));
  const debug = new DebugHybrid(own, sessions, commands);
  commands.register(terminals, debug);
  context.subscriptions.push(
    own, sessions, launch, environments, commands, terminals, debug,
    new Tree(sessions, environments, launch),
    new StatusBar(own, sessions, launch),
    new News(own, sessions),
    vscode.debug.registerDebugConfigurationProvider('*', new LaunchProvider(own, sessions, environments, launch,
      async t => (await commands.start(t, { run: false }))?.id)),
    vscode.workspace.onDidChangeConfiguration(e => settingsChanged(e, own, sessions)),
  );
  void startWhereNeeded(own, sessions);
}

/** Starts the backend where there is a manifest, now or later; elsewhere the first command that needs it does. */
async function startWhereNeeded(own: Backend, sessions: Sessions): Promise<void> {
  const found = await vscode.workspace.findFiles('**/okteto.{yml,yaml}', '**/{node_modules,vendor,.git}/**', 1);
  if (found.length > 0) await own.start();
  else sessions.onManifest(() => own.start());
}

/** What a window's sessions are known by, so that the same workspace finds them again. */
function workspaceKey(context: vscode.ExtensionContext): string {
  const place = context.storageUri?.toString() ?? 'empty';
  return `vscode-${crypto.createHash('sha256').update(place).digest('hex').slice(0, 16)}`;
}

/** Settings that the backend reads at its start take effect with the next one. */
async function settingsChanged(e: vscode.ConfigurationChangeEvent, own: Backend, sessions: Sessions): Promise<void> {
  const atStart = ['path', 'kubeconfig', 'context', 'namespace', 'agentImage', 'rewriteHosts', 'logLevel'];
  if (!atStart.some(name => e.affectsConfiguration(`tandem.${name}`))) return;
  if (sessions.alive.length > 0) {
    const choice = await vscode.window.showInformationMessage(
      'This setting takes effect when the Tandem backend starts again. Sessions that run now are left and end by themselves.', 'Restart Backend');
    if (!choice) return;
  }
  await own.restart();
}
