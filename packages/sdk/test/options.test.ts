import { expect, test } from 'vitest';
import { Agent, AtpClient } from '../src/index.ts';

const GOOD = { url: 'http://127.0.0.1:7443', key: 'sk-of-a-test' };

test.each([
  ['no address', { ...GOOD, url: '' }, /"url" is not the address of a router/],
  ['a word for an address', { ...GOOD, url: 'nonsense' }, /"nonsense"/],
  ['the address of a WebSocket', { ...GOOD, url: 'ws://127.0.0.1:7443/ws' }, /such as http:/],
  ['an empty key', { ...GOOD, key: '' }, /"key" is empty/],
  [
    'a signing key that is no hex',
    { ...GOOD, signing_keys: [{ id: 'k', secret: 'zz' }] },
    /signing key k cannot be used/,
  ],
] as const)('%s is told at once, by clients and agents', (_what, options, message) => {
  expect(() => new AtpClient(options)).toThrow(message);
  expect(() => new Agent({ ...options, id: 'a', run: () => Promise.resolve('done') })).toThrow(message);
});

test('an agent without work is none', () => {
  const options = { ...GOOD, id: 'a' } as unknown as ConstructorParameters<typeof Agent>[0];
  expect(() => new Agent(options)).toThrow(/"run" is not a function/);
});
