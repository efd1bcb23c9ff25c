// An integration test as Vitest runs it: an order in the shop's real Redis.
import { connect } from 'node:net';
import { expect, test } from 'vitest';

test('store', async () => {
  const [host, port] = process.env.REDIS_ADDR.split(':');
  const token = process.env.API_TOKEN;
  const order = JSON.stringify({ item: 'vitest', token: token.length }); // breakpoint
  const answer = await new Promise((resolve, reject) => {
    const redis = connect(Number(port), host, () => {
      redis.write(`*3\r\n$5\r\nLPUSH\r\n$11\r\nshop:orders\r\n$${order.length}\r\n${order}\r\n`);
    });
    redis.once('data', (data) => { redis.end(); resolve(data.toString()); });
    redis.once('error', reject);
  });
  expect(answer).toMatch(/^:\d+/);
});
