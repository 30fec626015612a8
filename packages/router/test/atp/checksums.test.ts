import { hash } from 'node:crypto';
import { AtpClient, type TaskEvent } from '@atp-router/sdk';
import { digestsFrom, type Frame, hasFlag, Sealer } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';
import { spoiledRuntime } from './spoiled.ts';

const LONG = { prompt: 'Say something longer.', model: 'small' };
const sealer = new Sealer(digestsFrom((bytes) => hash('sha256', bytes, 'buffer')));

describe('a checksum', () => {
  test('that is wrong makes a frame as good as lost, for a client, too', async () => {
    const { url } = await startForTest();
    let damaged = 0;
    const runtime = spoiledRuntime({
      back: (frame) => {
        const { payload } = frame;
        if (payload?.type !== 'agent.result.partial' || frame.msg_seq !== 2 || damaged > 0) return frame;
        damaged += 1;
        const content = { kind: 'text', delta: 'Something else.' };
        return { ...frame, payload: { ...payload, content }, checksum: `sha256:${'0'.repeat(64)}` };
      },
    });
    const client = new AtpClient({ url, key: TENANT_KEY }, runtime);
    const events: TaskEvent[] = [];
    for await (const event of client.task(LONG)) events.push(event);
    const text = events.flatMap((event) => (event.type === 'partial' ? [event.delta] : [])).join('');
    const last = events.at(-1);
    expect([damaged, last?.type === 'final' && last.result.text]).toEqual([1, text]);
    await client.close();
  });

  test.each([
    ['may', true, true, 'good'],
    ['may not', false, true, 'absent'],
    ['may, and nobody asked', true, false, 'absent'],
  ])('has every frame of a client that asks for them and of the router, where it %s', async (_what, may, asks, due) => {
    const { url } = await startForTest({ sessions: { checksums: may } });
    const seen: Frame[] = [];
    const note = (frame: Frame): Frame => {
      if (!hasFlag(frame, 'SYN') || !hasFlag(frame, 'CTRL')) seen.push(frame);
      return frame;
    };
    const client = new AtpClient({ url, key: TENANT_KEY, checksums: asks }, spoiledRuntime({ out: note, back: note }));
    expect((await client.task(LONG).result()).finish).toBe('stop');
    await client.close();
    expect(seen.length).toBeGreaterThan(5);
    expect([...new Set(seen.map((frame) => sealer.checkChecksum(frame)))]).toEqual([due]);
  });
});
