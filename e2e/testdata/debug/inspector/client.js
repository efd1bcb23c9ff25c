// A client of Node's inspector, npm's chrome-remote-interface: stops at a line, tells
// the value of `token` there, and goes on when a line comes in. Elsewhere, such as at
// the first line, where a test runner may stop, it goes on at once.
//
//     node client.js PORT FILE LINE
'use strict';
const CDP = require('chrome-remote-interface');
const { SourceMap } = require('node:module');

// generatedLine is where a source map has a line of its source, as editors look it up.
function generatedLine(sourceMapURL, line) {
  const map = new SourceMap(JSON.parse(Buffer.from(sourceMapURL.split('base64,')[1], 'base64')));
  for (let generated = 0; generated < 10000; generated++) {
    for (const column of [0, 200]) { // an entry holds up to the next one
      if (map.findEntry(generated, column).originalLine === line) return generated;
    }
  }
  throw new Error(`the source map has no line ${line}`);
}

(async () => {
  const [port, file, line] = process.argv.slice(2);
  const url = 'file://' + file;
  const client = await CDP({ host: '127.0.0.1', port: Number(port) });
  let breakpoint;
  const breakAt = async (lineNumber) => {
    if (breakpoint) await client.Debugger.removeBreakpoint({ breakpointId: await breakpoint });
    return (await client.Debugger.setBreakpointByUrl({ url, lineNumber })).breakpointId;
  };
  client.Debugger.on('scriptParsed', (script) => {
    if (script.url === url && script.sourceMapURL?.includes('base64,')) {
      breakpoint = breakAt(generatedLine(script.sourceMapURL, Number(line) - 1));
    }
  });
  client.Debugger.on('paused', async ({ callFrames, hitBreakpoints }) => {
    if (!hitBreakpoints.includes(await breakpoint)) return client.Debugger.resume();
    const { result } = await client.Debugger.evaluateOnCallFrame({ callFrameId: callFrames[0].callFrameId, expression: 'token' });
    console.log(JSON.stringify({ paused: result.value }));
  });
  await client.Debugger.enable();
  breakpoint = breakAt(Number(line) - 1);
  await breakpoint;
  await client.Runtime.runIfWaitingForDebugger();
  console.log(JSON.stringify({ set: true }));
  process.stdin.on('data', async () => {
    await client.Debugger.resume();
    await client.close();
    process.exit(0);
  });
})().catch((error) => { console.error(error); process.exit(1); });
