// What went wrong, in the server's words, with what to do about it as a button.
import * as vscode from 'vscode';
import type * as protocol from './protocol';

/** A failure as the protocol tells it: message, kind, hint. */
export interface Failure { message: string; kind: string; hint: string; detail: Record<string, unknown> }

/** failureOf reads what a request was rejected with. */
export function failureOf(err: unknown): Failure {
  const message = err instanceof Error ? err.message : String(err);
  const data = (err as { data?: Partial<protocol.ErrorData> } | undefined)?.data;
  const cancelled = err instanceof vscode.CancellationError || (err as { code?: number } | undefined)?.code === -32800;
  return {
    message,
    kind: data?.kind ?? (cancelled ? 'cancelled' : ''),
    hint: data?.hint ?? '',
    detail: (data?.detail as Record<string, unknown> | undefined) ?? {},
  };
}

/** A way out of a failure, offered as a button. */
export interface Remedy { title: string; run: () => unknown }

const openSettings = (query: string): (() => unknown) => () => vscode.commands.executeCommand('workbench.action.openSettings', query);

/** What helps against a kind of failure, whatever was tried. */
function remedies(f: Failure): Remedy[] {
  switch (f.kind) {
    case 'agent-missing':
      return [{ title: 'Name the Agent Image', run: openSettings('tandem.agentImage') }];
    case 'kubeconfig-invalid':
    case 'cluster-unreachable':
      return [{ title: 'Choose the Cluster', run: openSettings('@ext:tandem-dev.tandem') }];
    case 'workload-not-found':
      return [{ title: 'Set the Namespace', run: openSettings('tandem.namespace') }];
    case 'manifest-invalid':
      return [{ title: 'Show Problems', run: () => vscode.commands.executeCommand('workbench.actions.view.problems') }];
    default:
      return [];
  }
}

/**
 * showFailure tells the user of a failure and offers ways out: the given ones,
 * those that its kind has, and its hint. Nothing is said of what the user
 * cancelled.
 */
export async function showFailure(what: string, err: unknown, log: vscode.LogOutputChannel, more: Remedy[] = []): Promise<void> {
  const f = failureOf(err);
  if (f.kind === 'cancelled') return;
  log.error(`${what}: ${f.message}${f.hint ? `\n  hint: ${f.hint}` : ''}`);
  const ways: Remedy[] = [...more, ...remedies(f)];
  if (f.hint) {
    ways.push({
      title: 'What to Do',
      run: () => vscode.window.showInformationMessage(f.hint, { modal: true, detail: f.message }),
    });
  }
  ways.push({ title: 'Show Log', run: () => log.show() });
  const choice = await vscode.window.showErrorMessage(`${what}: ${f.message}`, ...ways.map(w => w.title));
  await ways.find(w => w.title === choice)?.run();
}
