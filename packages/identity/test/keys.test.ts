import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Authentication,
  equalHex,
  KEY_RANDOM_BYTES,
  type KeyEntry,
  KeyRing,
  makeKey,
  parseKeyHash,
  presentedKey,
} from '../src/index.ts';

const sha256Hex = (text: string): string => createHash('sha256').update(text).digest('hex');
const random = fc.uint8Array({ minLength: KEY_RANDOM_BYTES, maxLength: KEY_RANDOM_BYTES });
const keyOf = (fill: number) => makeKey(new Uint8Array(KEY_RANDOM_BYTES).fill(fill), sha256Hex);

function messageOf(result: Authentication): string {
  if (result.ok) throw new Error('was let in');
  expect(result.error.code).toBe('unauthorized');
  expect(result.error.status).toBe(401);
  return result.error.message;
}

describe('makeKey', () => {
  test('is the RFC 4648 base32 of its bytes, with hash and display prefix', () => {
    const key = makeKey(new TextEncoder().encode('foobarfoobarfoobarfo'), sha256Hex);
    expect(key.secret).toBe('atp_mzxw6ytbojtg633cmfzgm33pmjqxeztp');
    expect(key.display).toBe('atp_mzxw');
    expect(key.hash).toBe(sha256Hex(key.secret));
    expect(() => makeKey(new Uint8Array(19), sha256Hex)).toThrow('20 random bytes');
  });

  test('always has the one form, and loses no randomness', () => {
    fc.assert(
      fc.property(random, random, (a, b) => {
        const one = makeKey(a, sha256Hex).secret;
        expect(one).toMatch(/^atp_[a-z2-7]{32}$/);
        expect(one === makeKey(b, sha256Hex).secret).toBe(a.every((byte, i) => byte === b[i]));
      }),
      { seed: 20, numRuns: 200 },
    );
  });
});

describe('presentedKey', () => {
  test.each([
    [{ authorization: 'Bearer abc' }, { kind: 'key', secret: 'abc' }],
    [{ authorization: 'bEARER   abc ' }, { kind: 'key', secret: 'abc' }],
    [{ 'x-api-key': ' abc ' }, { kind: 'key', secret: 'abc' }],
    [
      { authorization: 'Bearer abc', 'x-api-key': 'def' },
      { kind: 'key', secret: 'abc' },
    ],
    [
      { authorization: 'Basic abc', 'x-api-key': 'def' },
      { kind: 'key', secret: 'def' },
    ],
    [{}, { kind: 'none' }],
    [{ authorization: 'Basic abc' }, { kind: 'malformed', header: 'authorization' }],
    [{ authorization: 'Bearer' }, { kind: 'malformed', header: 'authorization' }],
    [{ authorization: 'Bearer  ' }, { kind: 'malformed', header: 'authorization' }],
    [{ authorization: 'Bearer a b' }, { kind: 'malformed', header: 'authorization' }],
    [{ authorization: '' }, { kind: 'malformed', header: 'authorization' }],
    [{ 'x-api-key': '' }, { kind: 'malformed', header: 'x-api-key' }],
    [{ 'x-api-key': 'ключ' }, { kind: 'malformed', header: 'x-api-key' }],
    [{ 'x-api-key': 'x'.repeat(513) }, { kind: 'malformed', header: 'x-api-key' }],
  ])('%j', (headers, expected) => {
    expect(presentedKey(headers)).toEqual(expected);
  });
});

describe('KeyRing', () => {
  const entry = (fill: number, key_id: string, state: KeyEntry['state'] = 'active'): KeyEntry => ({
    principal: { kind: 'tenant', tenant: 'acme', key_id },
    hash: keyOf(fill).hash,
    state,
  });
  const ring = new KeyRing([
    entry(1, 'k1'),
    entry(2, 'k2', 'disabled'),
    entry(3, 'k3', 'revoked'),
    { principal: { kind: 'admin', key_id: 'k1' }, hash: keyOf(4).hash, state: 'active' },
  ]);
  const ask = (fill: number): Authentication =>
    ring.authenticate({ authorization: `Bearer ${keyOf(fill).secret}` }, sha256Hex);

  test('finds tenants and admins', () => {
    expect(ask(1)).toEqual({ ok: true, principal: { kind: 'tenant', tenant: 'acme', key_id: 'k1' } });
    expect(ask(4)).toEqual({ ok: true, principal: { kind: 'admin', key_id: 'k1' } });
    expect(ring.size).toBe(4);
  });

  test('says what is wrong', () => {
    expect(messageOf(ask(2))).toContain('"k2" is disabled');
    expect(messageOf(ask(3))).toContain('"k3" was revoked');
    expect(messageOf(ask(9))).toContain('not known');
    expect(messageOf(ring.authenticate({}, sha256Hex))).toContain('No API key');
    expect(messageOf(ring.authenticate({ authorization: 'Basic x' }, sha256Hex))).toContain('authorization header');
  });

  test('an error holds no part of what was presented', () => {
    fc.assert(
      fc.property(random, fc.constantFrom('Bearer ', 'Basic ', ''), (bytes, scheme) => {
        const secret = makeKey(bytes, sha256Hex).secret;
        const error = messageOf(ring.authenticate({ authorization: scheme + secret }, sha256Hex));
        for (let i = 4; i + 8 <= secret.length; i += 1) expect(error).not.toContain(secret.slice(i, i + 8));
      }),
      { seed: 21, numRuns: 100 },
    );
  });

  test('what cannot be a key is never hashed', () => {
    const never = (): string => {
      throw new Error('hashed');
    };
    messageOf(ring.authenticate({ 'x-api-key': 'x'.repeat(100_000) }, never));
    messageOf(ring.authenticate({ authorization: 'Bearer \u0000' }, never));
  });

  test('refuses two keys of one hash or one name, without showing the hash', () => {
    expect(() => new KeyRing([entry(1, 'a'), entry(1, 'b')])).toThrow(
      'tenant acme/a and tenant acme/b have the same hash',
    );
    expect(() => new KeyRing([entry(1, 'a'), entry(2, 'a')])).toThrow('tenant acme/a exists twice');
  });
});

describe('hashes', () => {
  test('are read with or without the prefix, in either case', () => {
    const hash = 'ab'.repeat(32);
    for (const text of [hash, `sha256:${hash}`, `sha256:${hash.toUpperCase()}`])
      expect(parseKeyHash(text, 'x')).toBe(hash);
    for (const text of ['', 'sha256:', `md5:${hash}`, hash.slice(1), `${hash}0`, `sha256:${hash.slice(1)}g`]) {
      expect(() => parseKeyHash(text, 'tenants[0].keys[0].hash')).toThrow('tenants[0].keys[0].hash must be');
    }
  });

  test('equalHex is equality', () => {
    const hex = fc.string({ unit: fc.constantFrom('0', 'f'), maxLength: 4 });
    fc.assert(
      fc.property(hex, hex, (a, b) => {
        expect(equalHex(a, b)).toBe(a === b);
        expect(equalHex(a, a)).toBe(true);
      }),
      { seed: 22, numRuns: 300 },
    );
  });
});
