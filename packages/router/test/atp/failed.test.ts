import { type Frame, type Lane, laneKey, laneOf, type Payload } from '@atp-router/wire';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSessionHub } from '../../src/atp/open-hub.ts';
import { mainLane } from '@atp-router/session';
import { startForTest } from '../admin/harness.ts';
import { HubClient } from './client.ts';
import { withdrawn } from './socket.ts';

async function open(): Promise<HubClient> {
  const { router } = await startForTest();
  const hub = openSessionHub(router.engine, 'node-a');
  onTestFinished(() => hub.abortAll({ type: 'error', content: { code: 'EDRAINING', reason: 'The test is over.' } }));
  const client = new HubClient(hub, { tenant: 'acme', key_id: 'k1' });
  client.connect();
  await client.until(() => client.session.phase === 'open');
  return client;
}

/** The message 0 of this lane is lost, and withdrawn. */
function withoutFirst(lane: Lane): (frame: Frame) => Frame {
  return (frame) => {
    if (frame.msg_seq !== 0 || frame.flags?.includes('CTRL') === true) return frame;
    return laneKey(laneOf(frame)) === laneKey(lane) ? withdrawn(frame) : frame;
  };
}

const dispatch: Payload = {
  type: 'agent.dispatch',
  content: { session_id: 's', targets: [], task: { prompt: 'Hi', model: 'small' } },
};
const resets = (client: HubClient): Frame[] => client.came.filter(({ flags }) => flags?.includes('RST'));
const hasFailed = (client: HubClient): boolean =>
  client.came.some(({ payload }) => {
    const { acks = [] } = (payload?.content ?? {}) as { readonly acks?: readonly { readonly failed?: unknown }[] };
    return acks.some(({ failed }) => failed !== undefined);
  });

describe('a first message that failed', () => {
  test.each([
    ['a status', { type: 'control.status', content: { status: 'READY' } }],
    ['what an agent can do', { type: 'adapter.capability', content: { adapter_id: 'a' } }],
  ])('of stream 0, %s, ends no session and no task', async (_what, payload) => {
    const client = await open();
    const stream = client.ask({ prompt: 'Hi', model: 'small' });
    client.spoil = withoutFirst(mainLane('0'));
    client.input({ type: 'send', lane: mainLane('0'), message: { payload } });
    await client.until(() => hasFailed(client) || resets(client).length > 0);
    expect(resets(client)).toEqual([]);
    expect((await client.answer(stream)).at(-1)?.type).toBe('agent.result.final');
    expect(client.session.phase).toBe('open');
  });

  test('of the lane of a persona leaves the task of the stream alone', async () => {
    const client = await open();
    const stream = client.session.next_stream_id;
    const lane = { ...mainLane(stream), persona_id: 'p' };
    client.spoil = withoutFirst(lane);
    client.input({ type: 'send', lane: mainLane(stream), message: { payload: dispatch } });
    client.input({ type: 'send', lane, message: { payload: { type: 'agent.log', content: 'x', persona_id: 'p' } } });
    await client.until(() => hasFailed(client) || resets(client).length > 0);
    expect(resets(client)).toEqual([]);
    expect((await client.answer(stream)).at(-1)?.type).toBe('agent.result.final');
  });

  test('of a stream of the client ends that stream, which has no task', async () => {
    const client = await open();
    const stream = client.session.next_stream_id;
    client.spoil = withoutFirst(mainLane(stream));
    client.ask({ prompt: 'Hi', model: 'small' });
    await client.until(() => resets(client).length > 0);
    expect(resets(client)).toMatchObject([{ stream_id: stream, payload: { content: { code: 'ETIMEOUT' } } }]);
    expect(client.session.phase).toBe('open');
  });
});
