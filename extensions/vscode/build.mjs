// Bundles the extension into two files: dist/extension.js, which VS Code waits for, and
// dist/client.js, which is loaded when a backend is started.
// `node build.mjs DIR` writes it elsewhere; `node build.mjs --watch` builds again at each change.
import * as esbuild from 'esbuild';

const options = {
  entryPoints: ['src/extension.ts', 'src/client.ts'],
  outdir: process.argv[2] && !process.argv[2].startsWith('-') ? process.argv[2] : 'dist',
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22', // what VS Code 1.100 has
  external: ['vscode', './client.js'],
  minify: !process.argv.includes('--watch'),
  sourcemap: process.argv.includes('--watch'),
  legalComments: 'none',
  logLevel: 'warning',
};

if (process.argv.includes('--watch')) {
  await (await esbuild.context(options)).watch();
} else {
  await esbuild.build(options);
}
