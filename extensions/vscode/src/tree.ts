// The side view: manifests, their devs, and what a session has.
import * as vscode from 'vscode';
import type { Environments } from './environment';
import type { LaunchEnvironment } from './launch';
import type * as protocol from './protocol';
import { isOver, isUp, type Sessions, type Target } from './sessions';
import { count, mask, oneLine, originWords, sessionSummary, tunnelLabel, tunnelSummary } from './words';

/** A row of the tree. Every row below a dev says which one, so that commands can act on any of them. */
export type Node =
  | { kind: 'manifest'; manifest: protocol.Manifest }
  | { kind: 'dev'; target: Target; dev: protocol.Dev }
  | { kind: 'cause' | 'tunnels' | 'environment' | 'links' | 'process' | 'debuggers' | 'warnings'; target: Target; id: string }
  | { kind: 'tunnel'; target: Target; id: string; tunnel: protocol.Tunnel }
  | { kind: 'variable'; target: Target; id: string; variable: protocol.Variable }
  | { kind: 'debugger'; target: Target; id: string; debug: protocol.DebugSession }
  | { kind: 'text'; target: Target; id: string; key: string; text: string; tooltip?: string };

/** What the kubelet adds for each Service of the namespace: many, and rarely looked at. */
const isLink = (v: protocol.Variable): boolean => v.origin.tier === 'service';

const icon = (id: string, color?: string): vscode.ThemeIcon =>
  new vscode.ThemeIcon(id, color ? new vscode.ThemeColor(color) : undefined);

/** The icon of a state; null is a dev without a session. */
export function stateIcon(state: protocol.State | undefined): vscode.ThemeIcon {
  switch (state) {
    case undefined: case 'stopped': return icon('circle-large-outline');
    case 'ready': return icon('pass-filled', 'testing.iconPassed');
    case 'reconnecting': return icon('warning', 'list.warningForeground');
    case 'failed': return icon('error', 'list.errorForeground');
    default: return icon('loading~spin');
  }
}

export class Tree implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Node | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private readonly disposables: vscode.Disposable[];
  private readonly view: vscode.TreeView<Node>;
  private counting: NodeJS.Timeout | undefined;
  /** The rows "Tunnels" by session. They alone are drawn again for a counter: a row that is redrawn under the mouse takes no click. */
  private readonly tunnels = new Map<string, Node>();

  constructor(private readonly sessions: Sessions, private readonly environments: Environments, private readonly launch: LaunchEnvironment) {
    this.view = vscode.window.createTreeView('tandem.sessions', { treeDataProvider: this, showCollapseAll: true });
    this.disposables = [
      this.changed, this.view,
      sessions.onDidChange(() => this.refresh()),
      sessions.onDidCount(id => {
        const row = this.tunnels.get(id);
        if (row) this.changed.fire(row);
      }),
      environments.onDidChange(() => this.refresh()),
      launch.onDidChange(() => this.refresh()),
      this.view.onDidChangeVisibility(() => this.count()),
    ];
  }

  private refresh(): void {
    const up = this.sessions.all.filter(isUp).length;
    this.view.badge = up > 0 ? { value: up, tooltip: `${count(up, 'hybrid session')} running` } : undefined;
    this.changed.fire(undefined);
    this.count();
  }

  /** While somebody looks at a session that is up, its traffic is asked for every two seconds. */
  private count(): void {
    const wanted = this.view.visible && this.sessions.all.some(isUp);
    if (wanted && !this.counting) {
      this.counting = setInterval(() => {
        for (const s of this.sessions.all.filter(isUp)) void this.sessions.count(s.id);
      }, 2000);
    } else if (!wanted && this.counting) {
      clearInterval(this.counting);
      this.counting = undefined;
    }
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (!node) {
      const manifests = this.sessions.manifests;
      const only = manifests.length === 1 ? manifests[0] : undefined;
      return only ? this.devs(only) : manifests.map(manifest => ({ kind: 'manifest', manifest }));
    }
    if (node.kind === 'manifest') return this.devs(node.manifest);
    const s = this.sessions.of(node.target);
    if (!s) return [];
    const at = { target: node.target, id: s.id };
    switch (node.kind) {
      case 'dev': return this.below(s, at);
      case 'tunnels': return s.tunnels.map(tunnel => ({ kind: 'tunnel', ...at, tunnel }));
      case 'warnings': return [
        ...s.warnings.map((w, i): Node => ({ kind: 'text', ...at, key: `s${i}`, text: w.message, ...(w.hint ? { tooltip: `${w.message}\n\n${w.hint}` } : {}) })),
        ...s.env.warnings.map((w, i): Node => ({ kind: 'text', ...at, key: `e${i}`, text: w.message })),
      ];
      case 'debuggers': return s.debug.map(debug => ({ kind: 'debugger', ...at, debug }));
      case 'environment':
      case 'links':
        try {
          const { variables } = await this.environments.of(s);
          const rows: Node[] = variables.filter(v => isLink(v) === (node.kind === 'links')).map(variable => ({ kind: 'variable', ...at, variable }));
          if (node.kind === 'environment' && variables.some(isLink)) rows.push({ kind: 'links', ...at });
          return rows;
        } catch (err) {
          return [{ kind: 'text', ...at, key: 'env', text: String(err instanceof Error ? err.message : err) }];
        }
      default: return [];
    }
  }

  private devs(m: protocol.Manifest): Node[] {
    return m.devs.map(dev => ({ kind: 'dev', target: { manifest: m.uri, dev: dev.name }, dev }));
  }

  private below(s: protocol.Snapshot, at: { target: Target; id: string }): Node[] {
    const rows: Node[] = [];
    if (s.cause) rows.push({ kind: 'cause', ...at });
    if (isOver(s)) return rows;
    if (s.tunnels.length > 0) {
      const row: Node = { kind: 'tunnels', ...at };
      this.tunnels.set(s.id, row);
      rows.push(row);
    }
    if (s.env.count > 0) rows.push({ kind: 'environment', ...at });
    if (s.process) rows.push({ kind: 'process', ...at });
    if (s.debug.length > 0) rows.push({ kind: 'debuggers', ...at });
    if (s.warnings.length + s.env.warnings.length > 0) rows.push({ kind: 'warnings', ...at });
    return rows;
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const item = this.item(node);
    item.accessibilityInformation ??= { label: [item.label, item.description].filter(p => typeof p === 'string' && p).join(', ') };
    return item;
  }

  private item(node: Node): vscode.TreeItem {
    const { None, Collapsed, Expanded } = vscode.TreeItemCollapsibleState;
    const make = (label: string, id: string, state: vscode.TreeItemCollapsibleState, more: Partial<vscode.TreeItem>): vscode.TreeItem => {
      const item = Object.assign(new vscode.TreeItem(label, state), more);
      item.id = id;
      return item;
    };
    if (node.kind === 'manifest') {
      const uri = vscode.Uri.parse(node.manifest.uri);
      const errors = node.manifest.diagnostics.filter(d => d.severity === 1).length;
      return make(node.manifest.name || vscode.workspace.asRelativePath(uri), node.manifest.uri, Expanded, {
        description: errors > 0 ? count(errors, 'error') : node.manifest.name ? vscode.workspace.asRelativePath(uri) : '',
        resourceUri: uri, contextValue: 'manifest', iconPath: icon('file-code'), tooltip: uri.fsPath,
      });
    }
    const base = `${node.target.manifest}#${node.target.dev}`;
    if (node.kind === 'dev') return this.devItem(node, base);
    const s = this.sessions.get(node.id);
    switch (node.kind) {
      case 'cause':
        return make(s?.cause?.message ?? '', `${base}/cause`, None, {
          iconPath: s?.state === 'failed' ? icon('error', 'list.errorForeground') : icon('warning', 'list.warningForeground'),
          ...(s?.cause?.hint ? { description: s.cause.hint } : {}),
          tooltip: [s?.cause?.message, s?.cause?.hint].filter(Boolean).join('\n\n'), contextValue: 'cause',
        });
      case 'tunnels': {
        const failed = s?.tunnels.filter(t => t.state === 'failed' || t.error).length ?? 0;
        const open = s?.tunnels.filter(t => t.state === 'open').length ?? 0;
        return make('Tunnels', `${base}/tunnels`, Expanded, {
          description: failed > 0 ? `${open} open, ${failed} failed` : `${open} open`,
          iconPath: icon('arrow-swap'), contextValue: 'tunnels',
        });
      }
      case 'tunnel': {
        const t = node.tunnel;
        const bad = t.state === 'failed' || t.error !== null;
        const what = t.kind === 'reverse' ? 'from the cluster to this machine' : 'from this machine to the cluster';
        return make(tunnelLabel(t), `${base}/tunnel/${t.id}`, None, {
          description: tunnelSummary(t).replace(/^open · /, ''), contextValue: `tunnel:${t.kind}`,
          iconPath: bad ? icon('error', 'list.errorForeground') : icon(t.kind === 'reverse' ? 'arrow-down' : 'arrow-up'),
          tooltip: `${what}: ${tunnelLabel(t)}\n${tunnelSummary(t)}`,
          accessibilityInformation: { label: `Tunnel ${what}, ${tunnelLabel(t).replace('→', 'to')}, ${tunnelSummary(t).replace('↓', 'received').replace('↑', 'sent')}` },
        });
      }
      case 'environment':
        return make('Environment', `${base}/environment`, Collapsed, {
          description: count(s?.env.count ?? 0, 'variable'), iconPath: icon('symbol-variable'), contextValue: 'environment',
        });
      case 'links':
        return make('Service links', `${base}/links`, Collapsed, {
          description: 'addresses of Services, added by the kubelet', iconPath: icon('symbol-namespace'), contextValue: 'links',
        });
      case 'variable': return this.variableItem(node, base, make);
      case 'process': {
        const p = s?.process;
        const words = !p ? '' : p.state === 'running' ? `running · pid ${p.pid}` : `exited with code ${p.exitCode ?? '?'}`;
        return make('Local process', `${base}/process`, None, {
          description: words, contextValue: 'process',
          iconPath: p?.state === 'running' ? icon('vm-running') : icon('vm-outline'),
        });
      }
      case 'debuggers':
        return make('Debuggers', `${base}/debuggers`, Expanded, { iconPath: icon('debug-alt'), description: String(s?.debug.length ?? 0) });
      case 'debugger':
        return make(node.debug.language, `${base}/debugger/${node.debug.id}`, None, {
          iconPath: icon('debug'), description: `${node.debug.mode} · ${node.debug.address} · pid ${node.debug.pid}`, contextValue: 'debugger',
        });
      case 'warnings':
        return make('Warnings', `${base}/warnings`, Collapsed, {
          iconPath: icon('warning', 'list.warningForeground'), description: String(s ? s.warnings.length + s.env.warnings.length : 0),
        });
      case 'text':
        return make(node.text, `${base}/text/${node.key}`, None, { tooltip: node.tooltip ?? node.text, iconPath: icon('info') });
    }
  }

  private devItem(node: Extract<Node, { kind: 'dev' }>, id: string): vscode.TreeItem {
    const s = this.sessions.of(node.target);
    const live = s && !isOver(s);
    const item = new vscode.TreeItem(node.dev.name, s && (live || s.cause) ? vscode.TreeItemCollapsibleState.Expanded : vscode.TreeItemCollapsibleState.None);
    // Another id: VS Code remembers what was folded by id, and a dev without a session has nothing to fold.
    item.id = s && (live || s.cause) ? `${id}/live` : id;
    const left = live ? undefined : this.sessions.leftOf(node.target);
    item.iconPath = left ? icon('warning', 'list.warningForeground') : node.dev.runnable || s ? stateIcon(s?.state) : icon('circle-slash');
    const launch = this.launch.isUsed(node.target);
    const words = left ? `left behind by a crash, in place of ${left.workload}` : s && (live || s.state === 'failed') ? sessionSummary(s, Date.now()) : node.dev.runnable ? 'not running' : node.dev.mode === 'hybrid' ? 'invalid' : `${node.dev.mode} mode`;
    item.description = launch ? `${words} · used by launch configurations` : words;
    const phase = live ? (isUp(s) ? 'running' : 'busy') : left ? 'left' : node.dev.runnable ? 'idle' : 'refused';
    item.contextValue = `dev:${phase}${s?.process ? ':process' : ''}${launch ? ':launch' : ''}`;
    const lines = [`**${node.dev.name}** — ${words}`];
    if (!node.dev.runnable && node.dev.reason) lines.push(node.dev.reason);
    if (live && s.workload) lines.push(`In place of ${s.workload.kind} \`${s.workload.name}\`, container \`${s.workload.container}\``);
    if (live) lines.push(`Namespace \`${s.namespace}\`, context \`${s.context}\`${s.pod ? `, pod \`${s.pod.name}\` on \`${s.pod.node}\`` : ''}`);
    item.tooltip = new vscode.MarkdownString(lines.join('\n\n'));
    item.accessibilityInformation = { label: `${node.dev.name}, ${item.description}` };
    return item;
  }

  private variableItem(
    node: Extract<Node, { kind: 'variable' }>, base: string,
    make: (label: string, id: string, state: vscode.TreeItemCollapsibleState, more: Partial<vscode.TreeItem>) => vscode.TreeItem,
  ): vscode.TreeItem {
    const v = node.variable;
    const revealed = v.secret ? this.environments.revealedValue(node.id, v.name) : undefined;
    const value = v.secret ? revealed : v.value;
    const shown = value !== undefined ? oneLine(value) : v.unresolved ? 'not known yet' : mask;
    const from = originWords(v.origin);
    const tooltip = [`${v.name} is from ${from}`];
    if (v.shadowed.length > 0) tooltip.push(`It hides ${v.shadowed.map(originWords).join(', ')}`);
    if (v.local && v.local.action !== 'applied') tooltip.push(`In the local process: ${v.local.reason}`);
    tooltip.push(...v.notes);
    return make(v.name, `${base}/variable/${v.name}`, vscode.TreeItemCollapsibleState.None, {
      description: `${shown}  —  ${from}`,
      tooltip: tooltip.join('\n'),
      contextValue: v.secret ? (revealed === undefined ? 'variable:masked' : 'variable:revealed') : 'variable',
      iconPath: icon(v.secret ? (revealed === undefined ? 'lock' : 'unlock') : 'symbol-constant'),
      accessibilityInformation: { label: `Variable ${v.name}, ${value === undefined && v.secret ? 'value concealed' : shown}, from ${from}` },
    });
  }

  dispose(): void {
    clearInterval(this.counting);
    vscode.Disposable.from(...this.disposables).dispose();
  }
}
