import { spawnSync } from 'node:child_process';
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCertificate } from './support/certificates.ts';
import { open, startServer } from './support/http.ts';
import { start, startRouter, tempFolder } from './support/process.ts';

const KEY = /atp_[a-z2-7]{32}/;

const CONFIG = `providers: [{ id: up, type: sim }]
models: [{ id: small, provider: up, context: 1000 }]
tenants: [{ id: acme }]
`;

/** Its first start makes a tenant and a key. */
const SIM = CONFIG.replace(/^tenants.*\n/m, '');

/** The words of a command line as a shell would make them; knows the quotes that the start prints. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

const has_curl = spawnSync('curl', ['--version']).status === 0;

/** Runs a printed curl: by the shell where curl is installed, else by doing what its options say. */
async function runCurl(line: string, cwd?: string): Promise<string> {
  if (has_curl) {
    const { stdout, stderr, status } = spawnSync('sh', ['-c', line], { encoding: 'utf8', cwd });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    return stdout;
  }
  const words = shellWords(line);
  const after = (flag: string): string[] => words.flatMap((word, i) => (words[i - 1] === flag ? [word] : []));
  const headers = Object.fromEntries(after('-H').map((header) => header.split(': ', 2) as [string, string]));
  const url = words.find((word) => word.startsWith('http')) ?? '';
  return (await open(url, { method: 'POST', headers, body: after('-d')[0] ?? '' }).whole).body;
}

function allFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the first start without anything', () => {
  test('makes a tenant and keys, and prints a curl that works as printed', async () => {
    const cwd = tempFolder();
    const router = await startRouter(cwd);
    const out = router.out();
    expect(out).toContain(`is listening on ${router.url}`);
    expect(out).toContain('none: no --config, and no atp.yaml in this folder');
    expect(out).toContain('SIMULATED: every answer is invented');
    const key = KEY.exec(out)?.[0] ?? '';
    const curl = /^ {2}(curl .*)$/m.exec(out)?.[1] ?? '';
    expect(curl).toContain(key);
    const answer = JSON.parse(await runCurl(curl)) as { choices: { message: { content: string } }[] };
    expect(answer.choices[0]?.message.content).toContain('[simulated]');

    expect(router.err()).not.toMatch(KEY);
    const admin_file = join(cwd, '.atp', 'admin.key');
    expect(statSync(admin_file).mode & 0o777).toBe(0o600);
    const admin_key = readFileSync(admin_file, 'utf8').trim();
    expect(out).not.toContain(admin_key);
    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(0);
    const keeping = allFiles(join(cwd, '.atp')).filter((file) => {
      const text = readFileSync(file, 'latin1');
      return text.includes(key) || text.includes(admin_key);
    });
    expect(keeping).toEqual([admin_file]);
  });

  test('is remembered: the second start makes nothing and says how to make another key', async () => {
    const cwd = tempFolder();
    const first = await startRouter(cwd);
    const key = KEY.exec(first.out())?.[0] ?? '';
    first.child.kill('SIGINT');
    expect(await first.ended()).toBe(0);
    const second = await startRouter(cwd);
    expect(second.out()).not.toMatch(KEY);
    expect(second.out()).toContain('Keys exist (1), and are shown only when they are made.');
    expect(second.out()).toContain('atp keys create --tenant default');
    const [, typed = '', curl = ''] = /^ {2}(export .*)\n {2}(curl .*)$/m.exec(second.out()) ?? [];
    expect(typed).toBe('export ATP_API_KEY=atp_…');
    expect(curl).toContain('"Authorization: Bearer $ATP_API_KEY"');
    expect(await runCurl(curl.replace('$ATP_API_KEY', key))).toContain('[simulated]');
  });

  test('as JSON: one line with the key, the rest is log', async () => {
    const router = await startRouter(tempFolder(), ['--json']);
    const line = JSON.parse(router.out()) as Record<string, unknown>;
    expect(line).toMatchObject({
      event: 'listening',
      url: router.url,
      config: null,
      simulated: true,
      tenant: 'default',
    });
    expect(line['key']).toMatch(KEY);
    const logged = router.err().trim().split('\n');
    for (const text of logged) expect(JSON.parse(text)).toMatchObject({ level: 'info' });
  });

  test('beside an Ollama without a chat model: simulated, a curl, and what to do about it', async () => {
    const ollama = await startServer((_req, res) => res.end('{"models":[]}'));
    const router = await startRouter(tempFolder(), [], { OLLAMA_HOST: ollama });
    const out = router.out();
    expect(out).toMatch(/providers +ollama: .*no chat model; ollama pull llama3\.2/);
    expect(out).toContain('SIMULATED: every answer of a chat is invented, and says so. No chat model was found');
    expect(await runCurl(/^ {2}(curl .*)$/m.exec(out)?.[1] ?? '')).toContain('[simulated]');
  });

  test('says which providers it found', async () => {
    const router = await startRouter(tempFolder(), [], { OPENAI_API_KEY: 'sk-test-not-shown' });
    expect(router.out()).toContain('openai: key from OPENAI_API_KEY');
    expect(router.out()).not.toContain('SIMULATED');
    expect(router.out() + router.err()).not.toContain('sk-test-not-shown');
  });
});

describe('with TLS', () => {
  test.runIf(has_curl)('the printed curl trusts the certificate', async () => {
    const cwd = tempFolder();
    makeCertificate(cwd);
    writeFileSync(join(cwd, 'atp.yaml'), `${SIM}listen: { tls: { cert: cert.pem, key: key.pem } }\n`);
    const router = await startRouter(cwd);
    expect(router.out()).toContain('--cacert: the certificate or its CA; the certificate has to name 127.0.0.1.');
    expect(router.out()).not.toContain('client_ca');
    expect(await runCurl(/^ {2}(curl .*)$/m.exec(router.out())?.[1] ?? '')).toContain('[simulated]');
  });

  test.runIf(has_curl)('and client certificates, it has a place for one', async () => {
    const cwd = tempFolder();
    const { cert, key } = makeCertificate(cwd);
    // As text there is no file to name, nor is there ever for the client's.
    for (const [name, file] of Object.entries({ 'ca.pem': cert, 'client.pem': cert, 'client.key': key }))
      copyFileSync(file, join(cwd, name));
    const tls = '{ cert: "${file:cert.pem}", key: key.pem, client_ca: cert.pem }';
    writeFileSync(join(cwd, 'atp.yaml'), `${SIM}listen: { tls: ${tls} }\n`);
    const router = await startRouter(cwd);
    expect(router.out()).toContain('--cert client.pem --key client.key: yours, signed by listen.tls.client_ca.');
    const curl = /^ {2}(curl .*)$/m.exec(router.out())?.[1] ?? '';
    expect(curl).toMatch(/^curl -sS --cacert ca\.pem --cert client\.pem --key client\.key https:/);
    expect(await runCurl(curl, cwd)).toContain('[simulated]');
  });
});

describe('with a configuration file', () => {
  test('atp.yaml of the folder is used, and named', async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'atp.yaml'), CONFIG);
    const router = await startRouter(cwd);
    expect(router.out()).toContain('configuration   atp.yaml');
    expect(router.out()).toContain('acme: 0 keys');
    expect(router.out()).toContain('No tenant has a key yet.');
    expect(router.out()).toContain('keys create --tenant acme');
  });

  test('the command line wins over the file, also after a reload', async () => {
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'router.yaml'), `${CONFIG}data_dir: ./wrong\n`);
    const router = await startRouter(cwd, ['--config', 'router.yaml', '--data-dir', 'right', '--host', '127.0.0.1']);
    writeFileSync(join(cwd, 'router.yaml'), `${CONFIG}data_dir: ./wrong\nagents: [{ id: a, model: small }]\n`);
    await router.says(/"msg":"configuration applied"/);
    expect(readdirSync(cwd).sort()).toEqual(['right', 'router.yaml']);
  });

  test.each([
    ['a fault', `${CONFIG}listen: { prot: 1 }\n`, 'router.yaml:4:11: listen.prot: unknown key "prot"'],
    ['no file', undefined, 'there is no such file'],
  ])('%s keeps it from starting', async (_name, text, says) => {
    const cwd = tempFolder();
    if (text !== undefined) writeFileSync(join(cwd, 'router.yaml'), text);
    const router = start(['serve', '--config', 'router.yaml'], cwd);
    expect(await router.ended()).toBe(78);
    expect(router.out()).toBe('');
    expect(router.err()).toMatch(/^atp: the configuration cannot be used/);
    expect(router.err()).toContain(says);
  });

  test('an address in use is said so', async () => {
    const first = await startRouter(tempFolder());
    const second = start(['serve', '--port', new URL(first.url).port], tempFolder());
    expect(await second.ended()).toBe(78);
    expect(second.err()).toContain('the address is in use');
    expect(second.err()).not.toMatch(/\n {4}at /);
  });

  test('a data directory in use is said so', async () => {
    const cwd = tempFolder();
    const first = await startRouter(cwd);
    const second = start(['serve', '--port', '0'], cwd);
    expect(await second.ended()).toBe(78);
    expect(second.err()).toContain(`is in use by process ${first.child.pid}`);
  });
});
