import { AtpClient, AtpInDoubtError, type ClientOptions, type LinkEvent, type Runtime } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSessionHub } from '../../src/atp/open-hub.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';
import { hashOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { type HubRuntime, ManualTime, runtimeOver } from './socket.ts';

interface Rig extends HubRuntime {
  readonly client: AtpClient;
  readonly hub: SessionHub;
  readonly events: readonly LinkEvent[];
}

interface RigOptions extends Partial<ClientOptions> {
  readonly config?: Readonly<Record<string, unknown>>;
  readonly is_dead?: (index: number) => boolean;
  readonly parts?: Partial<Runtime>;
}

async function rig({ config = {}, is_dead, parts, ...options }: RigOptions = {}): Promise<Rig> {
  const running = await startForTest(config);
  const hub = openSessionHub(running.router.engine, 'node-a');
  onTestFinished(() => hub.abortAll({ type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } }));
  const over = runtimeOver(hub, is_dead, parts);
  const events: LinkEvent[] = [];
  const reconnect = { base_ms: 1, cap_ms: 5 };
  const onLink = (event: LinkEvent): void => void events.push(event);
  const at = { url: 'http://router', key: TENANT_KEY, reconnect, onLink };
  return { ...over, hub, events, client: new AtpClient({ ...at, ...options }, over.runtime) };
}

const HI = { prompt: 'Hi', model: 'small' };

/** What a promise came to, once it has; it is not waited for. */
function outcome<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const found: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => (found.value = value),
    (error: unknown) => (found.error = error),
  );
  return found;
}

describe('a request that no frame carries', () => {
  test.each([
    ['a number that is none', { temperature: Number.NaN }],
    ['half a character', { system: '\ud800' }],
  ])('with %s fails by itself, says where, and harms no other', async (_what, more) => {
    const { client, sockets } = await rig();
    const before = client.task(HI).result();
    const bad = client.task({ ...HI, ...more }).result();
    const after = client.task(HI).result();
    await expect(bad).rejects.toMatchObject({
      ...{ code: 'EPROTO', message: expect.stringContaining('The request cannot be sent:') },
      details: { path: expect.stringContaining('payload.content') },
    });
    expect([(await before).finish, (await after).finish, sockets.length]).toEqual(['stop', 'stop', 1]);
    await client.close();
  });

  test('because its deadline is no number fails, too', async () => {
    const { client } = await rig();
    const bad = client.task(HI, { deadline_ms: Number.NaN }).result();
    await expect(bad).rejects.toMatchObject({ code: 'EPROTO', details: { path: 'meta.deadline_ms' } });
  });
});

test('a listener that throws stops nothing', async () => {
  const { client, sockets } = await rig({
    onLink: () => {
      throw new Error('The log is full.');
    },
  });
  expect((await client.task(HI).result()).finish).toBe('stop');
  sockets[0]?.cut();
  expect((await client.task(HI).result()).finish).toBe('stop');
  expect(sockets).toHaveLength(2);
  await client.close();
});

describe('a path that is dead', () => {
  test('is left when nothing has come for three heartbeats, although its socket never closes', async () => {
    const time = new ManualTime();
    const { client, sockets, events } = await rig({ parts: time.parts });
    const first = outcome(client.task(HI).result());
    // The router's own time goes on meanwhile.
    while (first.value === undefined) await time.advance(0);
    const [socket] = sockets;
    if (socket !== undefined) socket.is_dead = true;
    const second = outcome(client.task(HI).result());
    while (sockets.length < 2) await time.advance(100);
    while (second.value === undefined && second.error === undefined) await time.advance(0);
    expect([second.value?.finish, sockets.length]).toEqual(['stop', 2]);
    expect(events.filter(({ type }) => type === 'connected')).toEqual([
      { type: 'connected', resumed: false },
      { type: 'connected', resumed: true },
    ]);
  });

  test('is given up when the socket does not open in its time', async () => {
    const time = new ManualTime();
    const { client, sockets, events } = await rig({ parts: time.parts, is_dead: (index) => index === 0 });
    const found = outcome(client.task(HI).result());
    await time.advance(9_999);
    expect([sockets.length, events.length]).toEqual([1, 1]);
    await time.advance(6);
    while (found.value === undefined && found.error === undefined) await time.advance(0);
    expect(found.value?.finish).toBe('stop');
    expect(events[1]).toMatchObject({ type: 'disconnected', reason: 'No connection within 10000 ms.' });
  });
});

describe('a router that is not reached', () => {
  test('fails the tasks that wait for it after some attempts', async () => {
    const time = new ManualTime();
    const { client, sockets, events } = await rig({ parts: time.parts, is_dead: () => true });
    const found = outcome(client.task(HI).result());
    await time.advance(10 * 10_005);
    expect(found.error).toMatchObject({ code: 'ETIMEOUT', message: expect.stringContaining('in 10 attempts') });
    expect([sockets.length, events.at(-1)?.type]).toEqual([10, 'closed']);
    await client.close();
  });

  test('fails a task at its deadline', async () => {
    const time = new ManualTime();
    const { client } = await rig({ parts: time.parts, is_dead: () => true });
    const found = outcome(client.task(HI, { deadline_ms: 500 }).result());
    await time.advance(499);
    expect(found).toEqual({});
    await time.advance(1);
    expect(found.error).toMatchObject({ code: 'ETIMEOUT', message: expect.stringContaining('was not sent') });
  });

  test('and then is, is told what is left of the deadline', async () => {
    const time = new ManualTime();
    const { client, sockets } = await rig({
      ...{ parts: time.parts, is_dead: (index) => index === 0, connect_timeout_ms: 300 },
      reconnect: { base_ms: 0 },
    });
    const found = outcome(client.task(HI, { deadline_ms: 60_000 }).result());
    await time.advance(300);
    while (found.value === undefined && found.error === undefined) await time.advance(0);
    expect(found.value?.finish).toBe('stop');
    const dispatch = sockets[1]?.sent.find(({ payload }) => payload?.type === 'agent.dispatch');
    expect(dispatch?.meta?.deadline_ms).toBe(59_700);
  });

  test('because there is no key says why, each time', async () => {
    const key = (): Promise<string> => Promise.reject(new Error('The login has ended.'));
    const { client, events, sockets } = await rig({ key, reconnect: { base_ms: 1, cap_ms: 2, attempts_max: 3 } });
    await expect(client.task(HI).result()).rejects.toMatchObject({
      ...{ code: 'ETIMEOUT', message: expect.stringContaining('in 3 attempts. The login has ended.') },
    });
    const lost = events.flatMap((event) => (event.type === 'disconnected' ? [event.reason] : []));
    expect([lost, sockets]).toEqual([Array.from({ length: 3 }, () => 'The login has ended.'), []]);
  });
});

describe('a key that is not good', () => {
  test('fails the tasks with what the router says of it', async () => {
    const { url } = await startForTest();
    const client = new AtpClient({ url, key: 'wrong', reconnect: { base_ms: 1, cap_ms: 5 } });
    await expect(client.task(HI).result()).rejects.toMatchObject({ code: 'ESEC' });
    await client.close();
  });

  test('may be replaced by one that is', async () => {
    const { url } = await startForTest();
    const keys = ['wrong', TENANT_KEY];
    const key = (): string => keys.shift() ?? TENANT_KEY;
    const client = new AtpClient({ url, key, reconnect: { base_ms: 1, cap_ms: 5 } });
    expect((await client.task(HI).result()).finish).toBe('stop');
    await client.close();
  });

  test('goes into the first frame at once where that is wanted', async () => {
    const { client, sockets } = await rig({ key_in: 'hello' });
    await client.task(HI).result();
    const [socket] = sockets;
    expect(socket?.protocols).toEqual(['atp.v1']);
    expect(socket?.sent[0]?.payload?.content).toMatchObject({ token: TENANT_KEY });
    await client.close();
  });
});

test('a client that is closed twice is closed for both', async () => {
  const { client } = await rig();
  const running = client.task(HI).result();
  const closed = [client.close(), client.close()];
  await running;
  await Promise.all(closed);
});

describe('a session that ends', () => {
  const ENDED = { type: 'error', content: { code: 'EPREEMPT', reason: 'The session is not wanted.' } };
  const one_at_a_time = async (): Promise<Readonly<Record<string, unknown>>> => ({
    ...through((await upstream(endless().answer)).base_url),
    tenants: [{ id: 'acme', keys: [{ id: 'k1', hash: hashOf(TENANT_KEY) }], window: { max_parallel: 1 } }],
  });

  test('leaves what was sent in doubt, and what waited to the next one', async () => {
    const { client, hub, sockets } = await rig({ config: await one_at_a_time() });
    const first = client.task(HI);
    const waiting = client.task(HI);
    const read = (async () => {
      for await (const { type } of first) if (type === 'partial') hub.abortAll(ENDED);
    })();
    await expect(read).rejects.toThrow(AtpInDoubtError);
    await expect(read).rejects.toMatchObject({ code: 'EPREEMPT', may_have_arrived: true });
    for await (const { type } of waiting) if (type === 'partial') break;
    expect(sockets).toHaveLength(2);
    await client.close();
  });

  test('for a reason that will hold is the end of what waited, too', async () => {
    const { client, hub, sockets } = await rig({ config: await one_at_a_time() });
    const first = client.task(HI);
    const waiting = client.task(HI).result();
    const refused = { type: 'error', content: { code: 'ESEC', reason: 'The key is gone.' } };
    const read = (async () => {
      for await (const { type } of first) if (type === 'partial') hub.abortAll(refused);
    })();
    await Promise.all(
      [expect(read).rejects, expect(waiting).rejects].map((one) => one.toMatchObject({ code: 'ESEC' })),
    );
    expect(sockets).toHaveLength(1);
    await client.close();
  });
});
