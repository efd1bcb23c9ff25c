// How things are said: pure functions, the same words in the tree, the status bar and for screen readers.
import type * as protocol from './protocol';

/** A plural that is right. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}

/** The first names of a list, and how many more there are. */
export function names(all: readonly string[], shown = 4): string {
  const more = all.length - shown;
  return more > 1 ? `${all.slice(0, shown).join(', ')} and ${more} more` : all.join(', ');
}

/** A number of bytes as people read it: "120 B", "3.4 kB". */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n, unit = -1;
  while (value >= 999.5 && unit < units.length - 1) { value /= 1000; unit++; }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`;
}

/** What a state is about, for people. */
const doing: Record<protocol.State, string> = {
  checking: 'checking',
  diverting: 'starting the dev pod',
  connecting: 'connecting',
  resolving: 'resolving the environment',
  switching: 'switching traffic',
  ready: 'ready',
  reconnecting: 'reconnecting',
  stopping: 'giving the cluster back',
  stopped: 'stopped',
  failed: 'failed',
};

/** The seconds until a session tries again; undefined where it does not wait. */
export function retryIn(s: protocol.Snapshot, now: number): number | undefined {
  if (s.state !== 'reconnecting' || !s.nextRetryAt) return undefined;
  return Math.max(0, Math.ceil((Date.parse(s.nextRetryAt) - now) / 1000));
}

/** A session's state in a few words: "ready", "reconnecting, next try in 4 s". */
export function stateWords(s: protocol.Snapshot, now: number): string {
  const retry = retryIn(s, now);
  return retry === undefined ? doing[s.state] : `${doing[s.state]}, next try in ${retry} s`;
}

/** What stands behind a dev's name in the tree. */
export function sessionSummary(s: protocol.Snapshot, now: number): string {
  const parts = [stateWords(s, now)];
  if (s.state === 'ready' && s.traffic === 'original') parts.push('the cluster still serves');
  if (s.state === 'ready') {
    const open = s.tunnels.filter(t => t.state === 'open').length;
    parts.push(open === s.tunnels.length ? count(open, 'tunnel') : `${open} of ${count(s.tunnels.length, 'tunnel')}`);
  }
  if (s.process?.state === 'running') parts.push(`pid ${s.process.pid}`);
  return parts.join(' · ');
}

/** An address of this machine, whose loopback goes without saying. */
function localPort(t: protocol.Tunnel): string {
  return t.local.replace(/^(localhost|127\.0\.0\.1|\[::1\])(?=:)/, '');
}

/** A tunnel as one reads it: from where to where. */
export function tunnelLabel(t: protocol.Tunnel): string {
  const local = localPort(t);
  return t.kind === 'reverse' ? `cluster ${t.remote} → ${local}` : `${local} → ${t.remote}`;
}

/** A tunnel's traffic, or what is wrong with it. */
export function tunnelSummary(t: protocol.Tunnel): string {
  if (t.error) return `${t.state} · ${t.error}`;
  if (t.state === 'pending') return `waits for a program on ${localPort(t)}`;
  if (t.state !== 'open') return t.state;
  if (t.kind === 'reverse' && t.listening === false) return 'not bound in the pod';
  if (t.connections === 0) return 'open · no connection yet';
  return `open · ${count(t.connections, 'connection')} · ↓ ${bytes(t.bytesIn)} ↑ ${bytes(t.bytesOut)}`;
}

const tiers: Record<string, string> = {
  dev: 'the manifest', spec: "the workload's spec", configMap: 'ConfigMap', secret: 'Secret', image: "the image's ENV",
  service: 'a Service of the namespace', injected: 'the container runtime or a webhook',
};

/** Where a value comes from: "Secret api-credentials", "the manifest". */
export function originWords(o: protocol.Origin): string {
  if (o.kind && o.object) return `${o.kind} ${o.object}${o.key ? `, key ${o.key}` : ''}`;
  const tier = tiers[o.tier] ?? o.tier;
  return o.field ? `${tier}, ${o.field}` : tier;
}

/** A value on one line, cut where it is long. */
export function oneLine(value: string, limit = 80): string {
  const line = value.replaceAll('\r', '').replaceAll('\n', '↵').replaceAll('\t', '→');
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

export const mask = '••••••••';
