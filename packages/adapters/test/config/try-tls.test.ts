import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatProblems, loadConfig, type Problem } from '../../src/config/index.ts';
import { makeCertificates } from '../http/support/certificates.ts';
import { SMALL } from './support.ts';

const folder = mkdtempSync(join(tmpdir(), 'atp-try-tls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { ca, server, stranger } = makeCertificates();
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  'cert.pem': server.cert,
  'key.pem': server.key,
  'ca.pem': ca.cert,
  'chain.pem': server.cert + ca.cert,
  'broken-chain.pem': `${server.cert}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`,
  'stranger.pem': stranger.key,
  'text.pem': 'not a certificate\n',
  'empty.pem': '',
  // What a friendly name looks like in a file of the last century.
  'latin1.pem': Buffer.concat([Buffer.from('friendlyName: Müller\n', 'latin1'), Buffer.from(server.cert)]),
};
for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content);
mkdirSync(join(folder, 'folder.pem'));

let files = 0;

function load(tls: string, env = {}): ReturnType<typeof loadConfig> {
  files += 1;
  const file = join(folder, `atp-${files}.yaml`);
  writeFileSync(file, `${SMALL.join('\n')}\nlisten:\n  tls:\n${tls}`);
  return loadConfig(file, env);
}

function problemsOf(tls: string, env = {}): readonly Problem[] {
  const result = load(tls, env);
  return result.ok ? [] : result.problems;
}

const lines = (cert: string, key: string, client_ca?: string): string =>
  `    cert: ${cert}\n    key: ${key}\n${client_ca === undefined ? '' : `    client_ca: ${client_ca}\n`}`;

describe('what the listener needs', () => {
  test.each([
    ['files', lines('cert.pem', 'key.pem')],
    ['with a CA for clients', lines('cert.pem', 'key.pem', 'ca.pem')],
    ['a chain', lines('chain.pem', 'key.pem')],
    ['a comment that is not UTF-8', lines('latin1.pem', 'key.pem')],
    ['text in place of paths', lines('"${file:cert.pem}"', '"${KEY}"', '"${file:ca.pem}"')],
  ])('is there: %s', (_why, tls) => expect(problemsOf(tls, { KEY: server.key })).toEqual([]));

  test.each([
    [
      'no files',
      lines('nope.pem', 'nope2.pem'),
      ['12:11 cert', '13:10 key'],
      /"cert" cannot be read: there is no such/,
    ],
    ['no CA', lines('cert.pem', 'key.pem', 'nope.pem'), ['14:16 client_ca'], /"client_ca" cannot be read/],
    ['a folder', lines('folder.pem', 'key.pem'), ['12:11 cert'], /not a regular file/],
    ['no certificate', lines('text.pem', 'key.pem'), ['12:11 cert'], /"cert" holds no certificate/],
    ['nothing', lines('empty.pem', 'empty.pem'), ['12:11 cert', '13:10 key'], /"cert" holds no certificate/],
    ['the key for the certificate', lines('key.pem', 'key.pem'), ['12:11 cert'], /"cert" holds no certificate/],
    ['a broken chain', lines('broken-chain.pem', 'key.pem'), ['12:11 cert'], /"cert" cannot be used: /],
    ['no key', lines('cert.pem', 'cert.pem'), ['13:10 key'], /"key" holds no private key/],
    [
      'the key of another',
      lines('cert.pem', 'stranger.pem'),
      ['13:10 key'],
      /does not belong to the first certificate/,
    ],
    ['no certificate of a CA', lines('cert.pem', 'key.pem', 'text.pem'), ['14:16 client_ca'], /holds no certificate/],
    ['text that is none', lines('cert.pem', '"${KEY}"'), ['13:10 key'], /"key" holds no private key/],
  ])('is not: %s', (_why, tls, at, message) => {
    const found = problemsOf(tls, { KEY: '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' });
    expect(found.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual(
      at.map((place) => place.replace(' ', ' listen.tls.')),
    );
    expect(found[0]?.message).toMatch(message);
    expect(found.every((problem) => problem.expected !== '')).toBe(true);
  });

  test('a key of another kind than the certificate is seen', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(join(folder, 'rsa.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    expect(problemsOf(lines('cert.pem', 'rsa.pem'))).toMatchObject([
      { path: 'listen.tls.key', message: '"key" does not belong to the first certificate of "cert"' },
    ]);
  });

  test('a key with a passphrase is one that cannot be read', () => {
    const sealed = { type: 'pkcs8', format: 'pem', cipher: 'aes-128-cbc', passphrase: 'x' } as const;
    writeFileSync(join(folder, 'sealed.pem'), createPrivateKey(server.key).export(sealed));
    expect(problemsOf(lines('cert.pem', 'sealed.pem'))[0]?.expected).toContain('without a passphrase');
  });

  test('the path of a certificate is shown, that of a key and what stands in for one is not', () => {
    const shown = problemsOf(lines('nope.pem', 'sk-secret'));
    expect(shown.map(({ got }) => got)).toEqual(['nope.pem', undefined]);
    const misplaced = load(`    cert: " ${server.key.replaceAll('\n', '\\n')}"\n    key: key.pem\n`);
    const { problems, text } = misplaced.ok ? { problems: [], text: '' } : misplaced;
    expect(problems).toMatchObject([{ path: 'listen.tls.cert' }]);
    expect(formatProblems(problems, { file: 'atp.yaml', text })).not.toContain(server.key.slice(30, 50));
  });

  test('is looked at only in a file without other faults, and only for who listens', () => {
    expect(problemsOf(`${lines('nope.pem', 'nope.pem')}    kez: x\n`).map(({ path }) => path)).toEqual([
      'listen.tls.kez',
    ]);
    const file = join(folder, 'elsewhere.yaml');
    writeFileSync(file, `${SMALL.join('\n')}\nlisten: { tls: { cert: nope.pem, key: nope.pem } }\n`);
    expect(loadConfig(file, {}).ok).toBe(false);
    expect(loadConfig(file, {}, { listens: false }).ok).toBe(true);
  });
});
