// The language client, set up for tandem. A bundle of its own, because it is large and needed only
// when a backend is started.
import * as vscode from 'vscode';
import {
  ErrorAction, LanguageClient, RevealOutputChannelOn,
  type CloseHandlerResult, type Executable, type ExecuteCommandSignature, type LanguageClientOptions,
} from 'vscode-languageclient/node';

export { CloseAction, State, Trace, WorkDoneProgress } from 'vscode-languageclient/node';

/** What a client is made of. */
export interface ClientConfig {
  program: string;
  args: string[];
  log: vscode.LogOutputChannel;
  /** The server's settings, asked for at each of its starts. */
  options: () => Record<string, string>;
  /** Runs what a code lens asks for. */
  executeCommand: (command: string, args: unknown[], next: ExecuteCommandSignature) => unknown;
  /** The server ended by itself. */
  closed: () => CloseHandlerResult;
}

export function newClient(c: ClientConfig): LanguageClient {
  const folder = vscode.workspace.workspaceFolders?.find(f => f.uri.scheme === 'file');
  const options: LanguageClientOptions = {
    documentSelector: ['okteto.yml', 'okteto.yaml'].map(name => ({ scheme: 'file', pattern: `**/${name}` })),
    diagnosticCollectionName: 'tandem',
    outputChannel: c.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    initializationOptions: c.options,
    progressOnInitialization: false,
    middleware: { executeCommand: c.executeCommand },
    errorHandler: { error: () => ({ action: ErrorAction.Continue, handled: true }), closed: c.closed },
  };
  const server: Executable = {
    command: c.program,
    args: c.args,
    options: { env: ownEnvironment(), ...(folder ? { cwd: folder.uri.fsPath } : {}) },
  };
  return new LanguageClient('tandem', 'Tandem', server, options);
}

/** The user's environment without what VS Code put there for its own processes: the service that is run inherits it. */
function ownEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(process.env)
    .filter((e): e is [string, string] => e[1] !== undefined && !/^(VSCODE|ELECTRON)_/.test(e[0])));
}
