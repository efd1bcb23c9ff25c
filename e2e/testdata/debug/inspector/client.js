// A client of Node's inspector, npm's chrome-remote-interface: stops at a line, tells
// the value of `token` there, and goes on when a line comes in.
//
//     node client.js PORT FILE LINE
'use strict';
const CDP = require('chrome-remote-interface');

(async () => {
  const [port, file, line] = process.argv.slice(2);
  const client = await CDP({ host: '127.0.0.1', port: Number(port) });
  await client.Debugger.enable();
  client.Debugger.on('paused', async ({ callFrames }) => {
    const { result } = await client.Debugger.evaluateOnCallFrame({ callFrameId: callFrames[0].callFrameId, expression: 'token' });
    console.log(JSON.stringify({ paused: result.value, at: callFrames[0].location.lineNumber + 1 }));
  });
  const { breakpointId } = await client.Debugger.setBreakpointByUrl({ url: 'file://' + file, lineNumber: Number(line) - 1 });
  await client.Runtime.runIfWaitingForDebugger();
  console.log(JSON.stringify({ set: breakpointId !== '' }));
  process.stdin.on('data', async () => {
    await client.Debugger.resume();
    await client.close();
    process.exit(0);
  });
})().catch((error) => { console.error(error); process.exit(1); });
