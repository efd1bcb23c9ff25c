// A window with two folders, each with a manifest of its own; and what is shown where the program
// is not found.
import assert from 'node:assert/strict';
import { until } from './editor.mjs';

/** @param {import('./scenario.mjs').Stage} s */
export default async function folders(s) {
  const { window, plan } = s;

  await s.step('the manifests of both folders are in the view', async () => {
    await window.open(s.editor.url(plan.workspace));
    await window.waitStatus(/^Tandem$/);
    await window.showView();
    await until('each has a row of its own, and its devs below', async () => {
      const rows = await window.rows();
      assert.deepEqual(rows, ['one/okteto.yml', 'alpha, not running', 'two/okteto.yml, 1 error', 'beta, invalid', 'gamma, invalid']);
      return true;
    });
  });

  await s.step('a program that is not there is told in the view and the status bar', async () => {
    await s.editor.configure({ ...plan.settings, 'tandem.path': '/nowhere/tandem' });
    await window.page.getByText('The tandem program was not found.').waitFor();
    await window.page.locator('[id^="tandem-dev.tandem"][class*="error-background"], [id^="tandem-dev.tandem"].has-background-color').first().waitFor();
  });

  await s.step('and is there again with the right setting', async () => {
    await s.editor.configure(plan.settings);
    await window.waitRow('alpha, not running');
  });
}
