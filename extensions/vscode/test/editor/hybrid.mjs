// A hybrid session as a person has it: run, see, reload, debug, stop.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from './editor.mjs';

/** @param {import('./scenario.mjs').Stage} s */
export default async function hybrid(s) {
  const { window, plan } = s;

  await s.step('the shop is open, and the view has its services', async () => {
    await window.open(s.editor.url(plan.workspace));
    await window.waitStatus(/^Tandem$/);
    await window.showView();
    await window.waitRow('api, not running');
    await window.waitRow('db, sync mode');
  });

  await s.step('Run Hybrid takes the status bar through the states to ready', async () => {
    await window.recordStatus();
    await window.rowAction('api, not running', 'Run Hybrid');
    await window.waitStatus(/^api: ready$/);
    const seen = await window.recordedStatus();
    // Each state that takes long enough to be painted; their order is what counts.
    const order = ['api: checking', 'api: starting the dev pod', 'api: connecting', 'api: resolving the environment', 'api: switching traffic', 'api: ready'];
    const places = seen.slice(1).map(text => order.indexOf(text));
    assert.ok(!places.includes(-1), `states that nobody knows: ${JSON.stringify(seen)}`);
    assert.deepEqual(places, [...places].sort((a, b) => a - b), `out of order: ${JSON.stringify(seen)}`);
    assert.ok(places.includes(1) && places.length >= 3, `too few states: ${JSON.stringify(seen)}`);
  });

  await s.step('the tree shows open tunnels, the environment and the process', async () => {
    await window.waitRow('Tunnels, 3 open');
    await window.waitRow(`Tunnel from this machine to the cluster, :${plan.ports.web} to web:80, open`);
    await window.waitRow(`Tunnel from the cluster to this machine, cluster :8080 to :${plan.ports.listen}, open`);
    await window.waitRow('Environment, ');
    await window.waitRow('Local process, running');
  });

  let pid, summary;
  await s.step('a request from the cluster reaches the local process', async () => {
    const answer = await until('web gets its answer from here', async () => {
      const a = await s.askWeb();
      if (a.servedBy !== 'local') throw new Error(`served by ${a.servedBy}`);
      return a;
    });
    pid = answer.pid;
    summary = (await window.rows())[0];
    assert.match(summary, /^api, ready · 3 tunnels · pid \d+$/);
    await until('the tunnel counts it', async () => (await window.rows()).some(r => /cluster :8080 to .* open · [1-9]\d* connection/.test(r)));
  });

  await s.step('values of Secrets are masked until they are revealed or copied', async () => {
    await window.unfold('Environment, ');
    const row = `Variable ${plan.secret.name}, value concealed, from Secret`;
    await window.waitRow(row);
    assert.ok(!JSON.stringify(await window.rows()).includes(plan.secret.value), 'the value is in the tree');
    await window.rowAction(row, 'Reveal Value');
    await window.waitRow(`Variable ${plan.secret.name}, ${plan.secret.value}, from Secret`);
    await window.picture('one value is revealed');
    await window.rowAction(`Variable ${plan.secret.name}, `, 'Conceal Value');
    await window.waitRow(row);
    await window.rowAction(row, 'Copy Value');
    await until('the clipboard has the value', async () => (await window.clipboard()) === plan.secret.value);
  });

  await s.step('a variable is explained', async () => {
    await window.rowAction(`Variable ${plan.secret.name}, `, 'Explain Variable');
    const preview = await s.webview('Sources, the strongest first');
    const text = await preview.locator('body').innerText();
    assert.match(text, /Secret/);
    assert.ok(!text.includes(plan.secret.value), 'the explanation gives the value away');
    await window.picture('the explanation');
    await window.command('View: Close All Editors');
  });

  await s.step('the window is reloaded and the session is still there', async () => {
    await window.reload();
    await window.waitStatus(/^api: ready$/);
    await window.showView();
    await window.waitRow(summary);
    assert.equal((await s.askWeb()).pid, pid, 'another process answers');
  });

  // Asked for by web alone; the canary beside it in the pod asks who the api is, every second.
  const source = path.join(plan.workspace, 'api', 'orders.go');
  const line = (await readFile(source, 'utf8')).split('\n').findIndex(l => l.includes(') list(')) + 2; // the first of its body
  await s.step('a breakpoint is set in the code that answers', async () => {
    await window.page.keyboard.press('Control+P');
    await window.page.locator('.quick-input-widget input[type=text]').fill(`orders.go:${line}`);
    await window.page.locator('.quick-input-list .monaco-list-row', { hasText: 'orders.go' }).first().waitFor();
    await window.page.keyboard.press('Enter');
    await window.page.locator('.tab.active', { hasText: 'orders.go' }).waitFor();
    await window.page.locator('.monaco-editor.focused').waitFor();
    await window.command('Debug: Toggle Breakpoint');
    await window.page.locator('.codicon-debug-breakpoint, .codicon-debug-breakpoint-unverified').first().waitFor();
  });

  let debugged;
  await s.step('Debug Hybrid puts the program under a debugger in the place of the command', async () => {
    await window.rowAction('api, ready', 'Debug Hybrid');
    await window.page.locator('.debug-toolbar').waitFor();
    await window.waitRow('Debuggers, 1');
    debugged = await until('web gets its answer from the debugged program', async () => {
      const a = await s.askWeb();
      return a.servedBy === 'local' && a.pid !== pid && a.pid;
    });
    await window.page.locator('.codicon-debug-breakpoint').first().waitFor(); // the debugger has it
    assert.equal(await window.page.locator('.debug-top-stack-frame-line').count(), 0, 'it stopped before anybody asked');
  });

  let pending;
  await s.step('it stops at the breakpoint on a request from the cluster', async () => {
    pending = s.askWeb('/orders', 120_000);
    pending.catch(() => undefined); // looked at below
    await window.page.locator('.debug-top-stack-frame-line').first().waitFor();
    await window.page.locator('.statusbar-item', { hasText: `Ln ${line},` }).waitFor();
    await window.page.keyboard.press('Control+Shift+D');
    await window.page.locator('.debug-call-stack .monaco-list-row', { hasText: /paused/i }).first().waitFor();
    await window.page.locator('.debug-variables .monaco-list-row', { hasText: 'Locals' }).waitFor();
    assert.equal(await window.evaluate('r.URL.Path'), '"/orders"');
    assert.equal(await window.evaluate('a.where'), '"local"');
  });

  await s.step('Continue lets web have its answer', async () => {
    await window.command('Debug: Continue');
    assert.ok(Array.isArray(await pending), JSON.stringify(await pending));
    assert.equal((await s.askWeb()).pid, debugged, 'another process answers');
  });

  await s.step('the end of debugging brings the command back', async () => {
    await window.command('Debug: Stop');
    await window.showView();
    await window.waitRow('Local process, running');
    await until('web gets its answer from the command', async () => (await s.askWeb()).servedBy === 'local');
  });

  await s.step('Stop gives the cluster back', async () => {
    await window.rowAction('api, ready', 'Stop');
    await window.waitStatus(/^Tandem$/);
    await window.waitRow('api, not running');
  });
}
