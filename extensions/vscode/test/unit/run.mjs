// Bundles the tests beside this file, which import the extension's TypeScript, and runs them.
import * as esbuild from 'esbuild';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const out = mkdtempSync(path.join(tmpdir(), 'tandem-unit-'));
try {
  const tests = readdirSync(import.meta.dirname).filter(f => f.endsWith('.test.ts'));
  await esbuild.build({
    entryPoints: tests.map(f => path.join(import.meta.dirname, f)), outdir: out, outExtension: { '.js': '.cjs' },
    bundle: true, platform: 'node', format: 'cjs', target: 'node22', external: ['vscode'],
  });
  const files = tests.map(f => path.join(out, f.replace(/\.ts$/, '.cjs')));
  process.exitCode = spawnSync(process.execPath, ['--test', ...files], { stdio: 'inherit' }).status ?? 1;
} finally {
  rmSync(out, { recursive: true, force: true });
}
