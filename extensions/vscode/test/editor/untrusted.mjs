// In a workspace that is not trusted the extension starts nothing and offers trust.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';

/** @param {import('./scenario.mjs').Stage} s */
export default async function untrusted(s) {
  const { window, plan } = s;
  await s.step('nothing runs in an untrusted workspace', async () => {
    await window.open(s.editor.url(plan.workspace));
    await window.page.locator('.statusbar-item', { hasText: /Restricted Mode/ }).waitFor();
    await window.showView();
    await window.page.getByText('so it starts nothing until you trust this one.').waitFor();
    assert.equal(await window.status(), undefined, 'the status bar has an item of ours');
    assert.deepEqual(await served(plan), []);
  });
}

/** The processes of this editor's tandem. */
async function served(plan) {
  const found = [];
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const env = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (/\/tandem\0serve\0/.test(line) && env.includes(plan.env.TANDEM_STATE_DIR)) found.push(line);
  }
  return found;
}
