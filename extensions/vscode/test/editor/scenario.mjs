// scenario.mjs PLAN: plays one scenario in a real VS Code. PLAN is a JSON file; see Plan in
// e2e/vscode. Writes a line for each step; a step that fails leaves a picture and ends it.
import { readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Editor, launchBrowser, setPatience, until } from './editor.mjs';
import { Window } from './window.mjs';

/** Stage is what a scenario plays on. */
export class Stage {
  constructor(plan, editor, window) { Object.assign(this, { plan, editor, window }); }

  async step(what, run) {
    const began = Date.now();
    try {
      await run();
      console.log(`ok   ${what} (${((Date.now() - began) / 1000).toFixed(1)} s)`);
      await this.window.picture(what);
    } catch (err) {
      await this.window.picture('failed').catch(() => undefined);
      throw new Error(`${what}: ${err.message}`, { cause: err });
    }
  }

  /** Asks web, in the cluster, who its api is, or for its orders: the request that comes back to this machine. */
  async askWeb(what = '/whoami', limit = 5000) {
    const answer = await fetch(`http://localhost:${this.plan.ports.web}${what}`, { signal: AbortSignal.timeout(limit) });
    return answer.json();
  }

  /** The document in one of VS Code's webviews that has a text. */
  webview(text) {
    return until(`a webview says ${text}`, async () => {
      for (const frame of this.window.page.frames()) {
        if (await frame.getByText(text).count().catch(() => 0)) return frame;
      }
      return undefined;
    });
  }
}

const plan = JSON.parse(await readFile(process.argv[2], 'utf8'));
if (plan.patience) setPatience(plan.patience * 1000);
const scenario = (await import(`./${plan.scenario}.mjs`)).default;
const editor = await Editor.start(plan.lab, { extension: plan.extension, settings: plan.settings, env: plan.env, untrusted: plan.untrusted, log: plan.artifacts });
let browser;
try {
  browser = await launchBrowser(plan.lab, 'chromium');
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, permissions: ['clipboard-read', 'clipboard-write'] });
  const page = await context.newPage();
  await scenario(new Stage(plan, editor, new Window(page, plan.artifacts)));
  console.log(`ok   all of ${plan.scenario}`);
} catch (err) {
  console.log(`FAIL ${err.message}`);
  await copyLog().catch(() => undefined);
  process.exitCode = 1;
} finally {
  await browser?.close();
  await editor.stop();
}

/** Keeps what the extension logged. */
async function copyLog() {
  for (const file of await readdir(editor.home, { recursive: true })) {
    if (file.endsWith('Tandem.log')) await writeFile(path.join(plan.artifacts, 'extension.log'), await readFile(path.join(editor.home, file)));
  }
}
