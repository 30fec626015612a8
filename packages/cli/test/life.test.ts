import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { verifyJournal } from '@atp-router/adapters';
import { describe, expect, test } from 'vitest';
import { open, openStream } from './support/http.ts';
import { signalGroup, startRouter, type Started, startThroughNpm, tempFolder } from './support/process.ts';

/** One stream of about two seconds, and one that falls silent. */
const STREAMS = `providers:
  - { id: slow, type: sim, sim: { latency_ms: { p50: 0, p95: 0 }, chunk_ms: 50, out_tokens: { p50: 40, p95: 40 } } }
  - { id: silent, type: sim, sim: { latency_ms: { p50: 0, p95: 0 }, stall_rate: 1 } }
models:
  - { id: slow, provider: slow, context: 100000 }
  - { id: silent, provider: silent, context: 100000 }
`;

const KEY = /atp_[a-z2-7]{32}/;

async function startWith(text: string): Promise<Started & { url: string; cwd: string; key: string }> {
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'atp.yaml'), text);
  const router = await startRouter(cwd);
  return { ...router, cwd, key: KEY.exec(router.out())?.[0] ?? '' };
}

describe('the end', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: nothing new is accepted, the running stream is finished',
    async (signal) => {
      const router = await startWith(STREAMS);
      const stream = openStream(router.url, router.key, 'slow');
      await stream.first;
      router.child.kill(signal);
      await router.says(/"calls_in_flight":1,"msg":"stopping"/);
      await expect(open(`${router.url}/healthz`).whole).rejects.toThrow(/ECONNREFUSED|ECONNRESET/);
      const { body } = await stream.whole;
      expect(body.trimEnd().endsWith('data: [DONE]')).toBe(true);
      expect(await router.ended()).toBe(0);
      expect(verifyJournal(join(router.cwd, '.atp', 'journal'))).toMatchObject({
        ok: true,
        calls_opened: 1,
        calls_ended: 1,
      });
    },
  );

  test('a stream that does not end gets an error when the grace time is over', async () => {
    const router = await startWith(`${STREAMS}shutdown: { grace_ms: 200 }\n`);
    const stream = openStream(router.url, router.key, 'silent');
    await stream.first;
    router.child.kill('SIGTERM');
    const { body } = await stream.whole;
    expect(body).toContain('"code":"draining"');
    expect(body).not.toContain('[DONE]');
    expect(await router.ended()).toBe(0);
    expect(verifyJournal(join(router.cwd, '.atp', 'journal'))).toMatchObject({
      ok: true,
      calls_opened: 1,
      calls_ended: 1,
    });
  });

  test('a second signal ends it at once', async () => {
    const router = await startWith(STREAMS);
    const stream = openStream(router.url, router.key, 'silent');
    await stream.first;
    router.child.kill('SIGTERM');
    await router.says(/"msg":"stopping"/);
    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(130);
    await expect(stream.whole).rejects.toThrow();
    // What it promised is in the journal; the next start settles it.
    expect(verifyJournal(join(router.cwd, '.atp', 'journal'))).toMatchObject({
      ok: true,
      calls_opened: 1,
      calls_ended: 0,
    });
    const next = await startRouter(router.cwd);
    expect(next.err()).toMatch(/"level":"warn".*"recovered_calls":1,"msg":"started"/);
    expect(next.err()).toMatch(/"outcome":"interrupted".*"msg":"call ended"/);
  });

  test('after a fault that nobody caught it logs, writes the journal and ends', async () => {
    const cwd = tempFolder();
    const trap = `process.on('SIGUSR2', () => { throw new Error('planted fault'); })`;
    const router = await startRouter(cwd, [], {}, ['--import', `data:text/javascript,${encodeURIComponent(trap)}`]);
    router.child.kill('SIGUSR2');
    expect(await router.ended()).toBe(70);
    expect(router.err()).toMatch(/"level":"fatal".*planted fault/);
    expect(verifyJournal(join(cwd, '.atp', 'journal')).ok).toBe(true);
  });
});

describe('under npm start', () => {
  async function startStream(): Promise<{
    router: Awaited<ReturnType<typeof startThroughNpm>>;
    whole: Promise<string>;
  }> {
    const cwd = tempFolder();
    writeFileSync(join(cwd, 'atp.yaml'), STREAMS);
    const router = await startThroughNpm(['--config', join(cwd, 'atp.yaml'), '--data-dir', join(cwd, 'data')]);
    const stream = openStream(router.url, KEY.exec(router.out())?.[0] ?? '', 'slow');
    await stream.first;
    return { router, whole: stream.whole.then(({ body }) => body) };
  }

  // A shell between the two would end and leave the router behind, with its port and its data directory.
  test('a signal to npm ends the router', async () => {
    const { router, whole } = await startStream();
    router.child.kill('SIGTERM');
    expect(await whole).toContain('[DONE]');
    await router.says(/"msg":"stopped"/);
    expect(await router.ended()).toBe(0);
    await expect(open(`${router.url}/healthz`).whole).rejects.toThrow(/ECONNREFUSED/);
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s to all of them, which npm passes on, is one request',
    async (signal) => {
      const { router, whole } = await startStream();
      signalGroup(router.child, signal);
      expect(await whole).toContain('[DONE]');
      await router.says(/"msg":"stopped"/);
      await router.ended();
      expect(router.err()).not.toContain('second signal');
    },
  );
});

const BASE = `providers: [{ id: up, type: sim }]
models: [{ id: small, provider: up, context: 1000 }]
`;

async function modelNames(router: { url: string; key: string }): Promise<string[]> {
  const headers = { authorization: `Bearer ${router.key}` };
  const { body } = await open(`${router.url}/v1/models`, { headers }).whole;
  return (JSON.parse(body) as { data: { id: string }[] }).data.map((model) => model.id);
}

describe('reload', () => {
  test('a changed file is in force without a restart', async () => {
    const router = await startWith(BASE);
    expect(await modelNames(router)).toEqual(['small', 'auto']);
    writeFileSync(join(router.cwd, 'atp.yaml'), BASE.replace('id: small', 'id: large'));
    // The first generation is the file's, the second has the tenant and the key of the first start.
    await router.says(/"generation":3,.*"msg":"configuration applied"/);
    expect(await modelNames(router)).toEqual(['large', 'auto']);
  });

  test('a file with a fault changes nothing, and is reported with its place', async () => {
    const router = await startWith(BASE);
    writeFileSync(join(router.cwd, 'atp.yaml'), `${BASE}agents: [{ id: a, model: smal }]\n`);
    await router.says(/"level":"error".*"at":"atp.yaml:3:26".*"suggestion":"small"/);
    await router.says(/"problems":1,"first":"atp.yaml:3:26: agents\[0\].model .*"msg":"configuration rejected"/);
    expect(await modelNames(router)).toEqual(['small', 'auto']);
    expect(readFileSync(journalFile(router.cwd), 'latin1')).toContain('config.rejected');
  });

  test('a file whose certificate is not there is refused like one with a fault', async () => {
    const router = await startWith(BASE);
    writeFileSync(join(router.cwd, 'atp.yaml'), `${BASE}listen: { tls: { cert: nope.pem, key: nope.pem } }\n`);
    await router.says(/"at":"atp.yaml:3:24","path":"listen.tls.cert"/);
    await router.says(/"msg":"configuration rejected"/);
  });

  test('SIGHUP reads it again, also what the file only refers to', async () => {
    const cwd = tempFolder();
    mkdirSync(join(cwd, 'names'));
    writeFileSync(join(cwd, 'names', 'model'), 'first');
    writeFileSync(join(cwd, 'atp.yaml'), BASE.replace('id: small', 'id: "${file:names/model}"'));
    const started = await startRouter(cwd);
    const router = { ...started, key: KEY.exec(started.out())?.[0] ?? '' };
    router.child.kill('SIGHUP');
    await router.says(/"msg":"configuration unchanged"/);
    writeFileSync(join(cwd, 'names', 'model'), 'second');
    router.child.kill('SIGHUP');
    await router.says(/"generation":3,.*"msg":"configuration applied"/);
    expect(await modelNames(router)).toEqual(['second', 'auto']);
  });

  test('what is read at start only is named', async () => {
    const router = await startWith(BASE);
    writeFileSync(join(router.cwd, 'atp.yaml'), `${BASE}listen: { port: 1 }\n`);
    await router.says(/"keys":"listen.port","msg":"restart needed/);
    expect((await open(`${router.url}/healthz`).whole).status).toBe(200);
  });

  test('what goes back to what it was started with needs none', async () => {
    const router = await startWith(BASE);
    writeFileSync(join(router.cwd, 'atp.yaml'), `${BASE}listen: { port: 1 }\n`);
    await router.says(/"keys":"listen.port","msg":"restart needed/);
    writeFileSync(join(router.cwd, 'atp.yaml'), BASE);
    await router.says(/"generation":4,.*"msg":"configuration applied"/);
    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(0);
    expect(router.err().match(/restart needed/g)).toHaveLength(1);
  });

  test('without a file SIGHUP does nothing but say so', async () => {
    const router = await startRouter(tempFolder());
    router.child.kill('SIGHUP');
    await router.says(/SIGHUP: there is no configuration file/);
    expect((await open(`${router.url}/healthz`).whole).status).toBe(200);
  });
});

function journalFile(cwd: string): string {
  return join(cwd, '.atp', 'journal', '00000001.atpj');
}

describe('a journal that is taken from under a running router', () => {
  test('no call is taken any more, and it says so everywhere', async () => {
    const router = await startWith(STREAMS);
    const call = async (): Promise<{ status: number; body: string }> =>
      openStream(router.url, router.key, 'slow').whole;
    expect((await call()).status).toBe(200);
    rmSync(join(router.cwd, '.atp'), { recursive: true });
    const [line] = await router.says(/.*"msg":"the journal cannot be written"/);
    expect(line).toContain('"level":"error"');
    expect(line).toMatch(/"cause":"\/.*00000001\.atpj was deleted.* restart the router\."/);
    const refused = await call();
    expect(refused.status).toBe(503);
    expect(refused.body).toContain('The router cannot record calls: the journal file that it was writing is gone.');
    expect((await open(`${router.url}/readyz`).whole).status).toBe(503);
    expect((await open(`${router.url}/metrics`).whole).body).toContain('\natp_journal_failed 1\n');
    router.child.kill('SIGTERM');
    expect(await router.ended()).toBe(0);
  });
});
