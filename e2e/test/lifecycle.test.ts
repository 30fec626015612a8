import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ADMIN_SECRET, model, secretOf, standardConfig } from '../src/config.ts';
import { type Rig, startRig } from '../src/harness.ts';
import { type Answered, ask, send } from '../src/http.ts';
import { readJournal } from '../src/journal.ts';
import { textAnswer } from '../src/upstream/script.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig((upstream) => standardConfig(upstream, { shutdown: { grace_ms: 1_000 } }));
});
afterEach(() => rig.close());

const LONG = textAnswer('One', ' two', ' three');

function stream(mark: string, name = 'm-chat'): Promise<Answered> {
  const body = { model: name, stream: true, messages: [{ role: 'user', content: mark }] };
  return rig.router.ask('/v1/chat/completions', body);
}

const get = (path: string, key?: string): Promise<Answered> =>
  ask({ port: rig.router.port, path, method: 'GET', ...(key === undefined ? {} : { key }) });

/** Why the journal says that the process ended. */
function lastRecord(): unknown {
  return readJournal(rig.router.data_dir).at(-1);
}

describe('SIGTERM', () => {
  test('running streams end properly, no new call is taken, the process ends with 0', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: [' three'] });
    const answer = await stream(script.mark);
    const request = await rig.upstream.next(script);
    await answer.until(/ two/);
    rig.router.child.signal('SIGTERM');
    // It has stopped accepting once a connection is refused; until then it says that it is draining.
    const refused = async (): Promise<boolean> => {
      const one = await get('/readyz').catch(() => undefined);
      if (one !== undefined) await one.text();
      return one === undefined;
    };
    while (!(await refused()));
    request.step();
    const rest = await answer.text();
    expect(rest).toContain(' three');
    expect(rest.trimEnd().endsWith('data: [DONE]')).toBe(true);
    expect(await rig.router.child.exited).toEqual({ code: 0, signal: null });
    expect(lastRecord()).toMatchObject({ type: 'node.stopped', reason: 'SIGTERM' });
  });

  test('a stream that does not end within the grace time is ended with an error, and settled', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: [' three'] });
    const answer = await stream(script.mark);
    await answer.until(/ two/);
    rig.router.child.signal('SIGTERM');
    const rest = await answer.text();
    expect(rest).toContain('draining');
    expect(rest).not.toContain('[DONE]');
    expect(await rig.router.child.exited).toEqual({ code: 0, signal: null });
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(ended).toMatchObject({ outcome: 'error', error: 'draining' });
  });

  test('a second signal ends it at once; what it left is settled at the next start', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: [' three'] });
    const answer = await stream(script.mark);
    await answer.until(/ two/);
    rig.router.child.signal('SIGTERM');
    rig.router.child.signal('SIGINT');
    const exit = await rig.router.child.exited;
    expect(exit.code).not.toBe(0);
    expect(answer.complete).toBe(false);
    await rig.restart();
    const ended = rig.router.books().ended.get(answer.header('x-atp-request-id') ?? '');
    expect(ended).toMatchObject({ outcome: 'interrupted' });
  });
});

describe('reload', () => {
  const write = (over: Record<string, unknown>): void => {
    writeFileSync(join(rig.dir, 'atp.json'), JSON.stringify(standardConfig(rig.upstream, over)));
  };
  const events = (type: string): number => readJournal(rig.router.data_dir).filter((r) => r.type === type).length;
  /** Asks until the running process has taken notice of the file. */
  const until = async (happened: () => Promise<boolean> | boolean): Promise<void> => {
    while (!(await happened())) await (await get('/healthz')).text();
  };

  test('a good file takes effect; running calls keep what they began with', async () => {
    const script = await rig.upstream.script({ answer: LONG, gates: [' three'] });
    const answer = await stream(script.mark);
    const request = await rig.upstream.next(script);
    await answer.until(/ two/);
    const base = standardConfig(rig.upstream);
    write({ models: [...base.models.filter((one) => one['id'] !== 'm-chat'), model('new', 'chat')] });
    rig.router.child.signal('SIGHUP');
    await until(() => events('config.applied') > 0);
    expect((await stream('hi', 'm-chat')).status).toBe(404);
    const fresh = await stream('hi', 'new');
    expect(fresh.status).toBe(200);
    await fresh.text();
    request.step();
    expect((await answer.text()).trimEnd().endsWith('data: [DONE]')).toBe(true);
  });

  test('a bad file changes nothing and is reported', async () => {
    write({ modles: [] });
    rig.router.child.signal('SIGHUP');
    await until(() => events('config.rejected') > 0);
    const answer = await stream('hi');
    expect(answer.status).toBe(200);
    await answer.text();
    expect(events('config.applied')).toBe(0);
  });
});

test('a data directory has one router at a time', async () => {
  await expect(rig.second()).rejects.toThrow('is in use by process');
});

test('health, readiness and live state', async () => {
  expect(await (await get('/healthz')).json()).toMatchObject({ status: 'ok' });
  expect(await (await get('/readyz')).json()).toMatchObject({ status: 'ready' });
  const script = await rig.upstream.script({ gates: [0] });
  const body = { model: 'm-chat', messages: [{ role: 'user', content: script.mark }] };
  const pending = send({ port: rig.router.port, path: '/v1/chat/completions', key: secretOf('acme'), body });
  const request = await rig.upstream.next(script);
  const live = await (await get('/admin/v1/live', ADMIN_SECRET)).json();
  expect(live).toMatchObject({ calls_total: 1, calls: [{ model: 'm-chat', tenant: 'acme', stream: false }] });
  request.step();
  expect((await pending.answer).status).toBe(200);
});
