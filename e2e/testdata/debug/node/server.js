// The shop's api in JavaScript, as far as the tests of debuggers need it.
'use strict';
const http = require('http');
const [host, port] = process.env.SHOP_LISTEN.split(':');

http.createServer((request, response) => {
  let answer = { hostname: 'node', servedBy: process.env.SHOP_WHERE, pid: process.pid };
  if (request.url === '/orders') {
    const token = process.env.API_TOKEN;
    answer = { takenBy: 'node', signed: token.length }; // breakpoint
  }
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(answer));
}).listen(Number(port), host);
