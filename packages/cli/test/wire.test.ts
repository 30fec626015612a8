import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { start, tempFolder } from './support/process.ts';
import { atp, type Outcome, type Setting } from './support/terminal.ts';

const root = join(import.meta.dirname, '../../..');
const vectors = <T>(name: string): T =>
  JSON.parse(readFileSync(join(root, `conformance/vectors/${name}.json`), 'utf8')) as T;

interface FrameVector {
  readonly name: string;
  readonly json: string;
  readonly cbor_hex: string;
  readonly canonical_json: string;
  readonly checksum: string;
  readonly signed: { readonly nonce: string; readonly ts: number; readonly json: string; readonly cbor_hex: string };
}
interface FailureVector {
  readonly name: string;
  readonly fault: string;
  readonly json?: string;
  readonly json_hex?: string;
  readonly cbor_hex?: string;
  readonly offset?: number;
}

const { key, vectors: frames } = vectors<{ key: { kid: string; secret_hex: string }; vectors: FrameVector[] }>(
  'frames',
);
const failures = vectors<{ json: FailureVector[]; cbor: FailureVector[] }>('failures');
const LOG = '{"v":1,"session_id":"s","stream_id":"1","msg_seq":0,"payload":{"type":"agent.log","content":"hi"}}';
const LOG_HEX = 'a5000101617302613103000aa200696167656e742e6c6f6701626869';
const ENV = { ATP_WIRE_KEY: key.secret_hex };

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');
const wire = (args: readonly string[], stdin?: string | Uint8Array, setting: Setting = {}): Promise<Outcome> =>
  atp(['wire', ...args], { ...setting, ...(stdin !== undefined && { stdin }) });

let cwd = '';
beforeEach(() => {
  cwd = tempFolder();
});
const file = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(cwd, name), content);
  return name;
};

describe('atp wire decode', () => {
  test.each(frames)('$name, in both encodings and all spellings', async ({ json, cbor_hex }) => {
    for (const given of [json, bytes(cbor_hex), cbor_hex, Buffer.from(cbor_hex, 'hex').toString('base64')]) {
      const { code, out, err } = await wire(['decode', '--json', '--canonical'], given);
      expect({ code, err }).toEqual({ code: 0, err: '' });
      const row = JSON.parse(out) as Record<string, unknown>;
      expect(row['canonical_hex']).toBe(cbor_hex);
      expect(row['encoding']).toBe(given === json ? 'json' : 'cbor');
      expect(row['frame']).toEqual(JSON.parse(json));
    }
  });

  test.each([...failures.json, ...failures.cbor].filter((one) => one.json !== '' && one.cbor_hex !== ''))(
    '$name is refused: $fault',
    async ({ fault, json, json_hex, cbor_hex, offset }) => {
      const form = cbor_hex === undefined ? 'json' : 'cbor';
      const { code, out } = await wire(['decode', '--json', '--form', form], json ?? bytes(json_hex ?? cbor_hex ?? ''));
      expect(code).toBe(1);
      expect(JSON.parse(out)).toMatchObject({ fault, ...(offset !== undefined && { offset }) });
    },
  );

  test('says encoding, size, place and fault for people', async () => {
    const fine = await wire(['decode', '--canonical'], LOG_HEX);
    expect(fine.out).toMatch(/^frame 1: cbor, 28 bytes; message 0 of stream 1\n\{\n {2}"v": 1,/);
    expect(fine.out).toContain(`canonical ${LOG_HEX}\n`);
    const { code, out } = await wire(['decode'], LOG_HEX.slice(0, -2));
    expect({ code, out }).toEqual({
      code: 1,
      out: 'frame 1: cbor, 27 bytes: the input ends within an item at byte 25 (truncated)\n',
    });
  });

  test('reads streams record by record, to the fault that ends them', async () => {
    const record = (hex: string): string => `${(hex.length / 2).toString(16).padStart(8, '0')}${hex}`;
    const stream = [record(LOG_HEX), record('a0'), record(Buffer.from(LOG).toString('hex')), '0000'].join('');
    const { code, out } = await wire(['decode', '--json'], bytes(stream));
    expect(code).toBe(1);
    const rows = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ stream_offset, encoding, fault }) => [stream_offset, encoding, fault])).toEqual([
      [0, 'cbor', undefined],
      [32, 'cbor', 'missing'],
      [37, 'json', undefined],
      [41 + LOG.length, 'cbor', 'truncated'],
    ]);
    const huge = await wire(['decode', '--form', 'stream'], bytes('ffffffff00'));
    expect(huge).toMatchObject({ code: 1, out: expect.stringContaining('(too_large)') });
  });

  test('prints nothing that a terminal obeys, and the same frame all the same', async () => {
    const text = LOG.replace('hi', '\u009b2J\u202e\u{e0001}');
    for (const args of [['decode'], ['decode', '--json'], ['encode', '--json']]) {
      const { out } = await wire(args, text);
      expect(out).not.toMatch(/[\u0080-\u009f]|\p{Cf}/u);
      expect(out).toContain('\\u009b2J\\u202e\\udb40\\udc01');
    }
  });

  test.each([
    { args: ['decode', 'gone.cbor'], says: 'there is no file gone.cbor' },
    { args: ['decode', '.'], says: '. cannot be read: EISDIR' },
    { args: ['decode', '--form', 'xml'], says: 'Allowed choices are auto, json, cbor, hex, base64, stream' },
    { args: ['decode', '--form', 'hex'], says: 'the input is not hex' },
    { args: ['encode', '--form', 'base64'], says: 'the input is not base64' },
  ])('$args is wrong usage', async ({ args, says }) => {
    const { code, out, err } = await wire(args, 'xyz!');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(says);
  });

  test('has nothing to say of nothing', async () => {
    expect(await wire(['decode'], '')).toEqual({ code: 2, out: '', err: 'atp: the input is empty.\n' });
  });
});

describe('atp wire encode', () => {
  test.each(frames)('$name', async ({ json, cbor_hex, canonical_json }) => {
    expect((await wire(['encode'], json)).out).toBe(`${cbor_hex}\n`);
    expect(JSON.parse((await wire(['encode', '--to', 'json'], cbor_hex)).out)).toEqual(JSON.parse(json));
    expect((await wire(['encode', '--to', 'canonical'], cbor_hex)).out).toBe(`${canonical_json}\n`);
    expect((await wire(['encode', '--as', 'raw'], json)).out).toBe(Buffer.from(cbor_hex, 'hex').toString('latin1'));
  });

  test('puts lengths before frames, which decode reads again', async () => {
    const { out } = await wire(['encode', '--record', '--as', 'raw'], LOG);
    expect(Buffer.from(out, 'latin1').toString('hex')).toBe(`0000001c${LOG_HEX}`);
    const again = await wire(['decode', '--json'], Buffer.from(out + out, 'latin1'));
    expect(again.out.trim().split('\n')).toHaveLength(2);
  });

  test('writes no raw bytes to a terminal, nor text that it would obey', async () => {
    const tty = { out_is_tty: true };
    const raw = await wire(['encode', '--as', 'raw'], LOG, tty);
    expect(raw).toMatchObject({ code: 2, out: '', err: expect.stringContaining('not written to a terminal') });
    const evil = LOG.replace('hi', '\u009b2J');
    expect(await wire(['encode', '--to', 'canonical'], evil, tty)).toMatchObject({ code: 2, out: '' });
    expect(await wire(['encode', '--to', 'canonical'], evil)).toMatchObject({ code: 0 });
    expect((await wire(['encode'], LOG, tty)).out).toBe(`${LOG_HEX}\n`);
  });

  test('writes nothing of what is no frame', async () => {
    const { code, out, err } = await wire(['encode'], '{"v":1}');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      'atp: frame 1 of the input cannot be read: a required field is missing in session_id (missing).\n',
    );
  });
});

describe('atp wire sign and verify', () => {
  test.each(frames)('$name', async ({ json, signed }) => {
    const args = ['--kid', key.kid, '--nonce', signed.nonce, '--ts', String(signed.ts)];
    const made = await wire(['sign', ...args], json, { env: ENV });
    expect(made).toEqual({ code: 0, out: `${signed.json}\n`, err: '' });
    const as_cbor = await wire(['sign', ...args, '--to', 'cbor'], json, { env: ENV });
    expect(as_cbor.out).toBe(`${signed.cbor_hex}\n`);
    const good = await wire(['verify', '--json'], signed.cbor_hex, { env: ENV });
    expect(good.code).toBe(0);
    expect(JSON.parse(good.out)).toMatchObject({ ok: true, kid: key.kid, signature: 'good' });
  });

  const ring = (times: object): string => JSON.stringify([{ kid: key.kid, secret: key.secret_hex, ...times }]);
  const [
    {
      signed: { json: SIGNED },
    } = { signed: { json: '' } },
  ] = frames;
  test.each([
    ['an unsigned frame', LOG, {}, [], 'unsigned'],
    ['another kid', SIGNED, {}, ['--kid', 'other'], 'unknown_kid'],
    ['a changed frame', SIGNED.replace('"msg_seq":0', '"msg_seq":1'), {}, [], 'bad_signature'],
    ['a key to come', SIGNED, { not_before_ms: 2_000 }, ['--at', '1999'], 'not_yet_valid'],
    ['a key that ended', SIGNED, { not_after_ms: 2_000 }, ['--at', '2000'], 'expired'],
  ])('%s is told exactly', async (_name, text, times, args, fault) => {
    const from = args[0] === '--kid' ? file('key.txt', `${key.secret_hex}\n`) : file('keys.json', ring(times));
    const { code, out } = await wire(['verify', '--json', '--key-file', from, ...args], text, { cwd });
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ ok: false, signature: fault });
    const shown = await wire(['verify', '--key-file', from, ...args], text, { cwd });
    expect(shown.out).toContain(`(${fault})`);
  });

  test('a wrong checksum or digest is a fault beside a good signature', async () => {
    const wrong = `sha256:${'0'.repeat(64)}`;
    const text = LOG.replace('"content"', `"checksum":"${wrong}","content"`);
    const { out: signed } = await wire(['sign', '--kid', 'k', '--checksum'], text, { env: ENV });
    const found = await wire(['verify', '--json'], signed, { env: ENV });
    expect(found.code).toBe(1);
    expect(JSON.parse(found.out)).toMatchObject({ signature: 'good', checksum: 'good', content: 'bad' });
    const changed = signed.replace(/"checksum":"sha256:[0-9a-f]{64}"\}\n$/, `"checksum":"${wrong}"}\n`);
    expect(JSON.parse((await wire(['verify', '--json'], changed, { env: ENV })).out)).toMatchObject({
      checksum: 'bad',
    });
  });

  test('makes a nonce and a time of its own, each time another', async () => {
    const args = ['sign', '--kid', 'k'];
    const [one, two] = await Promise.all([1, 2].map(() => wire(args, LOG, { env: ENV })));
    const nonces = [one, two].map((made) => (JSON.parse(made?.out ?? '') as { nonce: string }).nonce);
    expect(new Set(nonces).size).toBe(2);
  });

  test.each([
    ['no key', {}, [], 4, 'there is no key: name a file with --key-file, or set ATP_WIRE_KEY'],
    ['an empty variable', { ATP_WIRE_KEY: '' }, [], 4, 'ATP_WIRE_KEY is empty'],
    ['a variable that is not set', {}, ['--key-env', 'NO_KEY'], 4, 'the variable NO_KEY is not set'],
    ['no secret', { ATP_WIRE_KEY: 'not a secret!' }, ['--kid', 'k'], 4, 'neither hex nor base64url'],
    ['broken JSON', { ATP_WIRE_KEY: '{"kid": SECRET' }, [], 4, 'begins like JSON and is none'],
    ['a secret without a name', ENV, [], 2, 'name the key with --kid'],
    ['a short secret', { ATP_WIRE_KEY: 'abcd' }, ['--kid', 'k'], 78, 'shorter than 32 bytes'],
    ['two places', ENV, ['--key-file', 'x', '--key-env', 'Y'], 2, 'either in --key-file or in --key-env'],
    ['an argument', ENV, ['--key', key.secret_hex], 2, "unknown option '--key'"],
  ])('%s cannot sign', async (_name, env, args, code, says) => {
    const made = await wire(['sign', ...args], LOG, { env: env as Record<string, string>, cwd });
    expect({ code: made.code, out: made.out }).toEqual({ code, out: '' });
    expect(made.err).toContain(says);
    expect(made.err).not.toMatch(/SECRET|not a secret|abcd/);
  });
});

test('the program itself reads standard input and writes bytes', async () => {
  file('frame.json', LOG);
  const encode = start(['wire', 'encode', 'frame.json', '--as', 'raw', '--record'], cwd);
  expect(await encode.ended()).toBe(0);
  expect(Buffer.from(encode.out(), 'utf8').subarray(0, 4).toString('hex')).toBe('0000001c');
  const decode = start(['wire', 'decode'], cwd);
  expect(await decode.ended()).toBe(2);
  expect(decode.err()).toBe('atp: the input is empty.\n');
});
