// What goes wrong: a session that lost its process, a server that dies, a pod that goes, a port that is taken, a start that is
// cancelled. Each is told, with what to do about it, and nothing is left of it.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { until } from './editor.mjs';

/** @param {import('./scenario.mjs').Stage} s */
export default async function trouble(s) {
  const { window, plan } = s;

  await s.step('what a crash has left is in the tree, and is continued', async () => {
    await window.open(s.editor.url(plan.workspace));
    await window.waitStatus(/^Tandem$/);
    await window.showView();
    await window.rowAction('api, left behind by a crash, in place of Deployment/api', 'Recover');
    await window.choose('Continue api here');
    await window.waitStatus(/^api: ready$/);
    await local(s);
    await window.rowAction('api, ready', 'Stop');
    await window.waitStatus(/^Tandem$/);
  });

  await s.step('a port that is taken is told with its hint as a button', async () => {
    const squatter = createServer().unref().listen(plan.ports.web, '127.0.0.1');
    await window.rowAction('api, not running', 'Run Hybrid');
    const told = await window.notification(/^api was not started: .*in use/);
    assert.deepEqual(told.buttons, ['Open Manifest', 'What to Do', 'Show Log']);
    await window.press('What to Do');
    await window.page.locator('.monaco-dialog-box', { hasText: /port/ }).waitFor();
    await window.picture('what to do');
    await window.page.keyboard.press('Escape');
    await window.page.locator('.monaco-dialog-box').waitFor({ state: 'hidden' });
    squatter.close();
  });

  await s.step('a start that is cancelled leaves nothing', async () => {
    await window.waitRow('local port'); // what went wrong is in the tree, too
    await window.rowAction('api, failed', 'Run Hybrid');
    await window.waitStatus(/^api: starting the dev pod$/);
    await window.notification(/^Tandem: api/);
    await window.press('Cancel');
    await window.waitStatus(/^Tandem$/);
    await window.waitRow('api, not running');
  });

  let pid;
  await s.step('a session runs', async () => {
    await window.rowAction('api, not running', 'Run Hybrid');
    await window.waitStatus(/^api: ready$/);
    pid = await local(s);
  });

  // The editor talks through a pipe, `serve --keep`, to the backend that has the sessions.
  for (const [who, what] of [['--keep', 'a pipe that dies is started again, and nothing has happened'], ['--backend', 'a backend that dies is started again and continues the session']]) {
    await s.step(what, async () => {
      const before = await serving(plan, who);
      assert.equal(before.length, 1);
      process.kill(before[0], 'SIGKILL');
      await until('another one serves', async () => {
        const now = await serving(plan, who);
        return now.length === 1 && now[0] !== before[0];
      });
      await window.waitStatus(/^api: ready$/);
      const now = await local(s);
      if (who === '--keep') assert.equal(now, pid, 'another process answers');
      pid = now;
      assert.deepEqual((await window.rows()).filter(r => /^Tunnels/.test(r)), ['Tunnels, 3 open']);
    });
  }

  await s.step('a pod that goes is followed, and the status bar counts down to the next try', async () => {
    await window.recordStatus();
    const gone = spawnSync('kubectl', ['--kubeconfig', plan.env.KUBECONFIG, '-n', plan.settings['tandem.namespace'],
      'delete', 'pod', '-l', 'tandem.dev/dev-container', '--wait=false', '--grace-period=1'], { encoding: 'utf8' });
    assert.equal(gone.status, 0, gone.stderr);
    assert.match(gone.stdout, /deleted/);
    const seen = await until('the status bar tells of it', async () => {
      const texts = await window.recordedStatus();
      return texts.some(t => /^api: reconnecting/.test(t)) && texts.at(-1) === 'api: ready' && texts;
    });
    console.log(`     ${JSON.stringify(seen)}`);
    assert.equal(await local(s), pid, 'another process answers');
  });

  await s.step('Stop gives the cluster back', async () => {
    await window.rowAction('api, ready', 'Stop');
    await window.waitStatus(/^Tandem$/);
    await window.command('Tandem: Recover');
    await window.notification(/^There is nothing to recover/);
  });
}

/** The process on this machine that web gets its answer from. */
function local(s) {
  return until('web gets its answer from here', async () => {
    const a = await s.askWeb();
    return a.servedBy === 'local' && a.pid;
  });
}

/** The processes of this editor's tandem that serve in this way. */
async function serving(plan, way) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (line.includes(`/tandem\0serve\0${way}\0`) && env.includes(plan.env.TANDEM_STATE_DIR)) found.push(Number(pid));
  }
  return found;
}
