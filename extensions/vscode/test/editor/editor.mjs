// A real VS Code: code-server's server part, and Chromium to look at it.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Every wait ends after this long; it is reached only by a failure. */
export let patience = 120_000;
export function setPatience(ms) { patience = ms; }

/** Settings that keep VS Code quiet and put terminals' text into the page. */
const quiet = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'chat.disableAIFeatures': true,
  'terminal.integrated.gpuAcceleration': 'off',
  'update.mode': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'git.openRepositoryInParentFolders': 'never',
  'window.title': 'shop',
};

/** Editor is one VS Code server with a folder of its own. */
export class Editor {
  /**
   * @param {string} lab where package.json beside this file was installed
   * @param {{ extension?: string, untrusted?: boolean, settings?: object, env?: NodeJS.ProcessEnv, log: string }} o
   */
  static async start(lab, o) {
    const e = new Editor();
    e.home = await mkdtemp(path.join(tmpdir(), 'tandem-vscode-'));
    e.port = await freePort();
    e.log = o.log;
    const server = path.join(lab, 'node_modules', 'code-server', 'lib', 'vscode');
    const dirs = ['--user-data-dir', path.join(e.home, 'user'), '--server-data-dir', path.join(e.home, 'server'),
      '--extensions-dir', path.join(e.home, 'extensions'), '--accept-server-license-terms', '--telemetry-level', 'off'];
    const env = { ...process.env, ...o.env, EXTENSIONS_GALLERY: JSON.stringify({ serviceUrl: '', itemUrl: '', resourceUrlTemplate: '' }) };
    for (const name of Object.keys(env)) if (name.startsWith('VSCODE_')) delete env[name];
    await mkdir(path.join(e.home, 'user', 'User'), { recursive: true });
    await mkdir(path.join(e.home, 'user', 'Machine'), { recursive: true });
    const settings = JSON.stringify({ ...quiet, ...o.settings });
    await writeFile(path.join(e.home, 'user', 'User', 'settings.json'), settings);
    await writeFile(path.join(e.home, 'user', 'Machine', 'settings.json'), settings);
    const main = path.join(server, 'out', 'server-main.js');
    if (o.extension) {
      const installed = spawnSync(process.execPath, [main, ...dirs, '--install-extension', o.extension], { env, encoding: 'utf8' });
      if (installed.status !== 0) throw new Error(`installing ${o.extension}: ${installed.stdout}${installed.stderr}`);
    }
    // A process group of its own: its watchers and terminals end with it.
    e.process = spawn(process.execPath, [main, ...dirs, '--host', '127.0.0.1', '--port', String(e.port),
      '--without-connection-token', ...(o.untrusted ? [] : ['--disable-workspace-trust']), '--enable-smoke-test-driver', '--log', 'info'],
    { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(path.join(o.log, 'server.log'));
    e.process.stdout.pipe(log);
    e.process.stderr.pipe(log);
    await until('the editor answers', async () => (await fetch(`http://127.0.0.1:${e.port}/version`)).ok);
    return e;
  }

  /** Other settings of the machine, while it runs. */
  async configure(settings) {
    await writeFile(path.join(this.home, 'user', 'Machine', 'settings.json'), JSON.stringify({ ...quiet, ...settings }));
  }

  /** The address of a folder or a workspace file; payload is for VS Code's own test runner. */
  url(folder, payload) {
    const at = new URL(`http://127.0.0.1:${this.port}/`);
    at.searchParams.set(folder.endsWith('.code-workspace') ? 'workspace' : 'folder', folder);
    if (payload) at.searchParams.set('payload', JSON.stringify(payload));
    return at.href;
  }

  /** A file of this machine as the extension host's test runner wants it. */
  remote(file) { return `vscode-remote://127.0.0.1:${this.port}${file}`; }

  async stop() {
    try {
      process.kill(-this.process.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
    await rm(this.home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Starts Chromium. */
export async function launchBrowser(lab, chromium) {
  const { chromium: driver } = createRequire(path.join(lab, 'node_modules', 'x'))('playwright-core');
  return driver.launch({
    executablePath: onPath(chromium), headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/** Waits until check holds; what it throws counts as no, and is told at the end. */
export async function until(what, check, limit = patience) {
  const end = Date.now() + limit;
  let last;
  while (Date.now() < end) {
    try {
      const result = await check();
      if (result) return result;
      last = undefined;
    } catch (err) {
      last = err;
    }
    await new Promise(r => setTimeout(r, 100));
  }
  throw new Error(`not within ${limit / 1000} s: ${what}${last ? ` (${last.message})` : ''}`);
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const s = createServer();
    s.once('error', reject);
    s.listen(0, '127.0.0.1', () => {
      const { port } = s.address();
      s.close(() => resolve(port));
    });
  });
}

/** The path of a program. */
function onPath(name) {
  const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
  if (!found) throw new Error(`there is no ${name} on PATH; scripts/need-vscode installs it`);
  return found;
}
