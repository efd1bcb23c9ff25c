// An explanation of a variable, and a doctor's report, as Markdown.
import type * as protocol from './protocol';
import { count, mask, originWords } from './words';

/** Text that means nothing in Markdown. */
export function plain(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~]/g, '\\$&').replaceAll('\n', ' ');
}

/** A value as code, whatever is in it. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(m => m[0].length));
  const fence = '`'.repeat(longest + 1);
  const pad = text.startsWith('`') || text.endsWith('`') || text === '' ? ' ' : '';
  return `${fence}${pad}${text.replaceAll('\n', '↵')}${pad}${fence}`;
}

const valueOf = (value: string | undefined, secret: boolean): string =>
  value !== undefined ? code(value) : secret ? mask : '—';

const statusWords: Record<string, string> = {
  set: 'has a value',
  unresolved: 'has a value that is not known yet',
  absent: 'is not set, although something names it',
  unknown: 'is unknown: nothing has to do with it',
};

const outcomes: Record<string, string> = { used: '**used**', shadowed: 'shadowed', 'sets-nothing': 'sets nothing' };

/** explanationMarkdown tells how a variable came to its value, strongest source first. */
export function explanationMarkdown(e: protocol.Explanation, where: string): string {
  const out = [`# ${plain(e.name)}`, '', `In ${plain(where)} it ${statusWords[e.status] ?? plain(e.status)}.`, ''];
  if (e.status === 'set') out.push(`Value: ${valueOf(e.value, e.secret)}`, '');
  if (e.chain.length > 0) {
    out.push('## Sources, the strongest first', '', '| | source | value | |', '|---|---|---|---|');
    for (const step of e.chain) {
      const version = step.origin.resourceVersion ? ` (version ${step.origin.resourceVersion})` : '';
      const why = [step.reason ?? '', ...(step.references ?? []).map(referenceWords)].filter(Boolean).join('; ');
      out.push(`| ${outcomes[step.outcome] ?? plain(step.outcome)} | ${plain(originWords(step.origin) + version)} | ` +
        `${valueOf(step.text ?? step.value, step.secret).replaceAll('|', '\\|')} | ${plain(why)} |`);
    }
    out.push('');
  }
  const section = (title: string, lines: string[]): void => {
    if (lines.length > 0) out.push(`## ${title}`, '', ...lines.map(l => `- ${l}`), '');
  };
  section('Why', e.reasons.map(plain));
  section('In the running container', e.observed ? [plain(e.observed.reason)] : []);
  section('In the local process', e.local ? [plain(e.local.reason) + (e.local.as ? `, as ${code(e.local.as)}` : '')] : []);
  section('Forwarded hosts', e.rewrite ? e.rewrite.forwards.map(f =>
    `${plain(`${f.service}:${f.remotePort}`)} is ${code(f.localAddress)} here: ${e.rewrite?.applied ? 'rewritten' : 'set tandem.rewriteHosts to “on” to rewrite it'}`) : []);
  section('Notes', [...e.notes, ...e.warnings.map(w => w.message)].map(plain));
  section('Did you mean', e.similar.map(code));
  return out.join('\n');
}

function referenceWords(r: protocol.Reference): string {
  const from = r.origin ? ` from ${originWords(r.origin)}` : '';
  return `${r.text}: ${r.outcome}${from}${r.reason ? `, ${r.reason}` : ''}`;
}

const verdicts: Record<string, string> = { ok: '✅', warn: '⚠️', fail: '❌', skip: '➖' };

/** doctorMarkdown tells what could keep a session from starting: first what is wrong, with what to do about it. */
export function doctorMarkdown(r: protocol.ClientRequests['cluster/doctor']['result']): string {
  const failed = r.checks.filter(c => c.status === 'fail');
  const warned = r.checks.filter(c => c.status === 'warn');
  const verdict = failed.length > 0 ? `**${count(failed.length, 'check')} failed.** A session would not start.`
    : warned.length > 0 ? `A session can start. ${count(warned.length, 'check')} could be better.` : 'All is well: a session can start.';
  const where = [r.dev && `dev ${r.dev}`, r.namespace && `namespace ${r.namespace}`, r.context && `context ${r.context}`].filter(Boolean).join(', ');
  const out = ['# Doctor', '', plain(where), '', verdict, ''];
  for (const c of [...failed, ...warned]) {
    out.push(`## ${verdicts[c.status] ?? ''} ${plain(c.name)}`, '', ...c.detail.split('\n').map(l => `${plain(l)}  `), '');
    if (c.hint) out.push(`> ${plain(c.hint)}`, '');
  }
  out.push('## All checks', '', '| | check | |', '|---|---|---|');
  for (const c of r.checks) out.push(`| ${verdicts[c.status] ?? ''} | ${plain(c.name)} | ${plain(c.detail.split('\n')[0] ?? '')} |`);
  return out.join('\n');
}
