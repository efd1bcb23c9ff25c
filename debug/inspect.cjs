// Tandem loads this before the program, through NODE_OPTIONS: it opens the
// inspector of the first process that is the program itself. Programs that only
// start others are let pass.
'use strict';
(() => {
  const port = Number(process.env.TANDEM_INSPECT);
  if (!port || !require('worker_threads').isMainThread) return;
  const main = process.argv[1];
  if (!main || process.execArgv.includes('--test')) return; // node --test starts a process for each file
  let real = main;
  try { real = require('fs').realpathSync(main); } catch { /* node says so itself */ }
  const path = real.replace(/\\/g, '/');
  const starters = ['npm', 'pnpm', 'yarn', 'corepack', 'nodemon', 'ts-node-dev', 'concurrently', 'cross-env', 'env-cmd',
    'dotenv-cli', '@dotenvx/dotenvx', '@nestjs/cli', 'nx', 'turbo', 'lerna', 'npm-run-all', 'npm-run-all2', 'wait-on',
    'rimraf', 'typescript', 'tsup', 'esbuild', 'pm2', 'shx', 'copyfiles'];
  const inPackage = (name) => path.includes(`/node_modules/${name}/`);
  if (starters.some(inPackage)) return;
  if (/\/(npm|npx|yarn|pnpm|pnpx|corepack)(-cli)?(\.c?js)?$/.test(path)) return;
  if (/\/nodejs\/npm\//.test(path)) return; // Debian's own
  if (inPackage('tsx') && /\/cli\.\w+$/.test(path)) return; // its child is the program
  if (inPackage('next') && process.argv[2] === 'dev') return;
  const wait = process.env.TANDEM_INSPECT_WAIT === '1';
  if (process.env.TANDEM_INSPECT_ONCE === '1') { // the next would wait for a client that has had its turn
    try {
      require('fs').closeSync(require('fs').openSync(`${__dirname}/inspected`, 'wx'));
    } catch { return; }
  }
  // What the program starts has nothing to open any more.
  delete process.env.TANDEM_INSPECT;
  delete process.env.TANDEM_INSPECT_WAIT;
  delete process.env.TANDEM_INSPECT_ONCE;
  require('inspector').open(port, '127.0.0.1', wait);
})();
