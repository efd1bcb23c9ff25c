// A launch configuration of the user's own runs with the cluster's environment, and stays as it is.
import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { until } from './editor.mjs';

const launchJSON = `{
  // Written by a person, comments and all.
  "version": "0.2.0",
  "configurations": [
    {
      "type": "node",
      "request": "launch",
      "name": "The shop in JavaScript", // a trailing comma follows
      "program": "\${workspaceFolder}/shop.js",
      "env": { "SHOP_REGION": "mine", "ONLY_MINE": "\${workspaceFolderBasename}" },
    },
  ]
}
`;

/** @param {import('./scenario.mjs').Stage} s */
export default async function launch(s) {
  const { window, plan } = s;
  const settings = path.join(plan.workspace, '.vscode');
  const shown = path.join(plan.workspace, 'shown.json');
  await mkdir(settings, { recursive: true });
  await writeFile(path.join(settings, 'launch.json'), launchJSON);
  await writeFile(path.join(plan.workspace, 'shop.js'), `
    const fs = require('fs');
    const answer = (request, response) => {
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify({ servedBy: 'javascript', pid: process.pid }));
    };
    const [host, port] = process.env.SHOP_LISTEN.split(':');
    require('http').createServer(answer).listen(Number(port), host, () => {
      fs.writeFileSync(${JSON.stringify(`${shown}.part`)}, JSON.stringify(process.env));
      fs.renameSync(${JSON.stringify(`${shown}.part`)}, ${JSON.stringify(shown)});
    });
  `);

  await s.step('the cluster environment is chosen for launch configurations', async () => {
    await window.open(s.editor.url(plan.workspace));
    await window.waitStatus(/^Tandem$/);
    await window.showView();
    await window.waitRow('api, not running');
    await window.command('Tandem: Use Cluster Environment for Launch Configurations');
    await window.choose('api');
    await window.waitRow('api, not running · used by launch configurations');
  });

  await s.step('starting one starts the session first', async () => {
    await window.command('Debug: Start Debugging');
    await window.waitStatus(/^api: ready$/);
    await window.showView();
    await window.waitRow('api, ready · 3 tunnels · used by launch configurations'); // no process: the launched one is it
  });

  await s.step('a request from the cluster reaches the launched program', async () => {
    await until('web gets its answer from it', async () => (await s.askWeb()).servedBy === 'javascript');
  });

  await s.step('it has the environment of the cluster, and the user\'s own above it', async () => {
    const env = JSON.parse(await until('the program has run', () => readFile(shown, 'utf8').catch(() => undefined)));
    for (const [name, value] of Object.entries(plan.expect)) assert.equal(env[name], value, name);
    assert.equal(env.SHOP_REGION, 'mine');
    assert.equal(env.ONLY_MINE, path.basename(plan.workspace));
    assert.equal(env.PATH?.includes('/nonexistent'), false);
  });

  await s.step('launch.json is what it was', async () => {
    assert.equal(await readFile(path.join(settings, 'launch.json'), 'utf8'), launchJSON);
    assert.deepEqual(await readdir(settings), ['launch.json']);
  });

  await s.step('test settings are written on request, and taken away without a trace', async () => {
    await window.command('Tandem: Write Run Configurations and Test Settings');
    await window.choose('api');
    await until('the Go tests have the environment', async () =>
      JSON.parse(await readFile(path.join(settings, 'settings.json'), 'utf8'))['go.testEnvFile'].endsWith('api.vscode-go.env'));
    assert.match(await readFile(path.join(settings, 'launch.json'), 'utf8'), /Tandem: api/);
    await window.command('Tandem: Remove Run Configurations and Test Settings');
    await window.choose('api');
    await until('launch.json is what it was', async () => await readFile(path.join(settings, 'launch.json'), 'utf8') === launchJSON);
    assert.deepEqual(await readdir(settings), ['launch.json']);
  });

  await s.step('a terminal has the environment', async () => {
    await window.command('Tandem: Open Terminal with Cluster Environment');
    await window.choose('api');
    const marker = path.join(plan.workspace, 'terminal.txt');
    await until('the terminal is there', async () => (await window.page.locator('.xterm-rows').last().innerText()).trim() !== '');
    await window.page.locator('.xterm-helper-textarea').last().focus();
    await window.page.keyboard.type(`printf %s "$${plan.secret.name}" > ${marker}\n`);
    await until('the shell has answered', async () => (await readFile(marker, 'utf8').catch(() => '')) === plan.secret.value);
  });

  await s.step('Stop gives the cluster back', async () => {
    await window.command('Debug: Stop');
    await window.page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
    await window.rowAction('api, ready', 'Stop');
    await window.waitStatus(/^Tandem$/);
    assert.equal(await readFile(path.join(settings, 'launch.json'), 'utf8'), launchJSON);
  });
}
