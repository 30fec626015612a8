import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { MODEL, requestBody } from '../src/bodies.ts';
import { routerConfig } from '../src/targets/router.ts';

test('the generated configuration fits the requests and never holds the key itself', () => {
  const text = routerConfig({ port: 7001, data_dir: '/tmp/x y', upstream: '127.0.0.1:9', key: 'secret' });
  expect(text).toContain('listen: { host: 127.0.0.1, port: 7001 }');
  expect(text).toContain('base_url: "http://127.0.0.1:9/v1"');
  expect(text).toContain('data_dir: "/tmp/x y"');
  expect(text).toContain(`hash: "sha256:${createHash('sha256').update('secret').digest('hex')}"`);
  expect(text).not.toContain('secret');
  expect(text).toContain(`{ id: ${MODEL},`);
});

test('both bodies name that model; only one streams', () => {
  expect(JSON.parse(requestBody('plain'))).toMatchObject({ model: MODEL });
  expect(JSON.parse(requestBody('plain'))).not.toHaveProperty('stream');
  expect(JSON.parse(requestBody('stream'))).toMatchObject({ model: MODEL, stream: true });
});
