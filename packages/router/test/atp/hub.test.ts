import type { JsonObject } from '@atp-router/kernel';
import { mainLane } from '@atp-router/session';
import type { Frame, Payload } from '@atp-router/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSessionHub } from '../../src/atp/open-hub.ts';
import type { SessionHub } from '../../src/atp/session-hub.ts';
import { type Running, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { endless, through, upstream } from '../admin/upstream.ts';
import { HubClient } from './client.ts';

const ACME = { tenant: 'acme', key_id: 'k1' };

async function hubForTest(
  more: Readonly<Record<string, unknown>> = {},
  sessions_max?: number,
): Promise<{ readonly hub: SessionHub; readonly running: Running }> {
  const running = await startForTest(more);
  const hub = openSessionHub(running.router.engine, 'node-a', sessions_max === undefined ? {} : { sessions_max });
  onTestFinished(() => hub.abortAll({ type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } }));
  return { hub, running };
}

const codeOf = (client: HubClient): unknown =>
  (client.came.find((frame) => frame.flags?.includes('RST'))?.payload?.content as JsonObject | undefined)?.['code'];

describe('a session', () => {
  test('carries a task to its final result', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    const stream = client.ask({ prompt: 'Say something longer.', model: 'small' });
    const payloads = await client.answer(stream);
    expect(payloads[0]?.type).toBe('agent.log');
    expect(payloads.at(-1)).toMatchObject({ type: 'agent.result.final', content: { model: 'small', finish: 'stop' } });
    expect(payloads.map(({ seq }) => seq)).toEqual(payloads.map((_, i) => i));
    expect(hub.size).toBe(1);
  });

  test('carries many tasks at once', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    const streams = Array.from({ length: 20 }, (_, i) => client.ask({ prompt: `Question ${i}`, model: 'small' }));
    const answers = await Promise.all(streams.map((stream) => client.answer(stream)));
    expect(answers.map((answer) => answer.at(-1)?.type)).toEqual(streams.map(() => 'agent.result.final'));
  });

  test('tells what is no task on its stream, and goes on', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    expect(await client.answer(client.ask('not an object'))).toMatchObject([
      {
        type: 'error',
        content: { code: 'EPROTO', details: { error: 'invalid_request', origin: 'local', param: 'task' } },
      },
    ]);
    expect((await client.answer(client.ask({ prompt: 'Hi', model: 'small' }))).at(-1)?.type).toBe('agent.result.final');
  });

  test('refuses a task whose fragments do not fit their root', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    client.spoil = (frame) => {
      const { frag } = frame.payload ?? {};
      const root = `sha256:${'0'.repeat(64)}`;
      return frag === undefined
        ? frame
        : ({ ...frame, payload: { ...frame.payload, frag: { ...frag, root } } } as Frame);
    };
    const stream = client.ask({ prompt: 'x'.repeat(100_000), model: 'small' });
    await client.until(() => codeOf(client) !== undefined);
    expect(client.came.find(({ flags }) => flags?.includes('RST'))).toMatchObject({ stream_id: stream });
    expect(codeOf(client)).toBe('EPROTO');
  });

  test('begins a task before the client has said FIN, and whatever else it says there has no effect', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    const stream = client.session.next_stream_id;
    const say = (payload: Payload, fin = false): void =>
      client.input({ type: 'send', lane: mainLane(stream), message: { payload }, fin });
    const content = { session_id: 's', targets: [], task: { prompt: 'Hi', model: 'small' } };
    say({ type: 'agent.dispatch', content });
    const before = await client.answer(stream);
    expect(before.at(-1)?.type).toBe('agent.result.final');
    say({ type: 'agent.dispatch', content });
    say({ type: 'agent.log', content: 'x' }, true);
    await client.until(() => client.effects.some((one) => one.type === 'stream_closed' && one.stream_id === stream));
    expect(await client.answer(stream)).toEqual(before);
  });

  test('outlives its connection: what was missed comes after the resumption, once', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    const stream = client.ask({ prompt: 'Say something longer.', model: 'small' });
    await client.until(() => client.delivered(stream).length > 1);
    client.drop();
    expect(hub.roster.gauges().connected).toBe(0);
    client.connect();
    const payloads = await client.answer(stream);
    expect(payloads.map(({ seq }) => seq)).toEqual(payloads.map((_, i) => i));
    expect(payloads.at(-1)?.type).toBe('agent.result.final');
    expect(hub.size).toBe(1);
  });

  test('whose stream is aborted cancels the call upstream', async () => {
    const { answer, gone } = endless();
    const { hub } = await hubForTest(through((await upstream(answer)).base_url));
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    const stream = client.ask({ prompt: 'Hi', model: 'small' });
    await client.until(() => client.delivered(stream).length > 1);
    const error = { type: 'error', content: { code: 'EPREEMPT', reason: 'Never mind.' } };
    client.input({ type: 'reset', stream_id: stream, error });
    await gone;
  });
});

describe('who may open one', () => {
  test('the key in the first frame says who it is', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, undefined, { token: TENANT_KEY });
    client.connect();
    await client.until(() => client.session.phase === 'open');
    expect((await client.answer(client.ask({ prompt: 'Hi', model: 'small' }))).at(-1)?.type).toBe('agent.result.final');
    // And resumes with its token alone.
    client.drop();
    client.connect();
    await client.until(() => client.session.phase === 'open');
    expect(hub.size).toBe(1);
  });

  test.each([
    ['no key', undefined],
    ['a wrong key', 'atp_wrong'],
  ])('%s is refused with ESEC', async (_what, token) => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, undefined, token === undefined ? {} : { token });
    client.connect();
    await client.until(() => codeOf(client) !== undefined);
    expect(codeOf(client)).toBe('ESEC');
    expect(hub.size).toBe(0);
  });

  test('a first frame with a wrong checksum opens nothing, and takes no session over', async () => {
    const { hub } = await hubForTest();
    const damaged = (frame: Frame): Frame => ({ ...frame, checksum: `sha256:${'0'.repeat(64)}` });
    const stranger = new HubClient(hub, ACME);
    stranger.spoil = damaged;
    stranger.connect();
    await stranger.until(() => codeOf(stranger) !== undefined);
    expect([codeOf(stranger), hub.size]).toEqual(['EPROTO', 0]);
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    client.drop();
    client.spoil = damaged;
    client.connect();
    await client.until(() => !client.is_connected);
    client.spoil = (frame) => frame;
    client.connect();
    await client.until(() => client.session.phase === 'open');
    expect(hub.size).toBe(1);
    expect(hub.roster.gauges().connected).toBe(1);
  });

  test('a name that is taken is refused, and whoever has it is not disturbed', async () => {
    const { hub } = await hubForTest();
    const first = new HubClient(hub, ACME, { session_id: 'the-name-of-a-session' });
    first.connect();
    await first.until(() => first.session.phase === 'open');
    // Until then it might be the same client, which did not get its answer.
    expect((await first.answer(first.ask({ prompt: 'Hi', model: 'small' }))).at(-1)?.type).toBe('agent.result.final');
    const second = new HubClient(hub, ACME, { session_id: 'the-name-of-a-session' });
    second.connect();
    await second.until(() => codeOf(second) !== undefined);
    expect(codeOf(second)).toBe('ESEC');
    expect((await first.answer(first.ask({ prompt: 'Hi', model: 'small' }))).at(-1)?.type).toBe('agent.result.final');
  });

  test('the same name of another tenant is another session', async () => {
    const { hub } = await hubForTest();
    for (const tenant of ['acme', 'other']) {
      const client = new HubClient(hub, { tenant, key_id: 'k' }, { session_id: 'the-name-of-a-session' });
      client.connect();
      await client.until(() => client.session.phase === 'open');
    }
    expect(hub.size).toBe(2);
  });

  test('beyond the limit a session is refused with EWINDOW', async () => {
    const { hub } = await hubForTest({}, 1);
    const [first, second] = [new HubClient(hub, ACME), new HubClient(hub, ACME)];
    first.connect();
    await first.until(() => first.session.phase === 'open');
    second.connect();
    await second.until(() => codeOf(second) !== undefined);
    expect(codeOf(second)).toBe('EWINDOW');
  });

  test('while the router stops, sessions end when their streams have, and no new one begins', async () => {
    const { hub } = await hubForTest();
    const client = new HubClient(hub, ACME);
    client.connect();
    await client.until(() => client.session.phase === 'open');
    const stream = client.ask({ prompt: 'Hi', model: 'small' });
    await client.until(() => client.delivered(stream).length > 0);
    const drained = hub.drain();
    const late = new HubClient(hub, ACME);
    late.connect();
    await late.until(() => codeOf(late) !== undefined);
    expect(codeOf(late)).toBe('EDRAINING');
    expect((await client.answer(stream)).at(-1)?.type).toBe('agent.result.final');
    client.input({ type: 'finish' });
    await drained;
    expect(hub.size).toBe(0);
  });
});
