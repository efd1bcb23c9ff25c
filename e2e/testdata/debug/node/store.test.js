// An integration test as node --test runs it: an order in the shop's real Redis.
'use strict';
const test = require('node:test');
const assert = require('node:assert');
const net = require('node:net');

test('store', (t, done) => {
  const [host, port] = process.env.REDIS_ADDR.split(':');
  const token = process.env.API_TOKEN;
  const order = JSON.stringify({ item: 'node --test', token: token.length }); // breakpoint
  const redis = net.connect(Number(port), host, () => {
    redis.write(`*3\r\n$5\r\nLPUSH\r\n$11\r\nshop:orders\r\n$${order.length}\r\n${order}\r\n`);
  });
  redis.once('data', (answer) => {
    redis.end();
    assert.match(answer.toString(), /^:\d+/);
    done();
  });
});
