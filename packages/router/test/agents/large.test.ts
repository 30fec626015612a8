import { describe, expect, test } from 'vitest';
import { errorOf } from '../admin/harness.ts';
import { agentAt, expectBalanced, withAgents } from './rig.ts';

const MEGA = 1_000_000;

describe('a large answer', () => {
  test('is streamed, whole in its last message, whatever one event of a stream may be', async () => {
    const running = await withAgents();
    const agent = agentAt(running, {
      async *run() {
        for (let i = 0; i < 5; i += 1) yield await Promise.resolve('~'.repeat(MEGA));
      },
    });
    await agent.start();
    const stream = await running.chatStream({ model: 'agents/echo' });
    const blocks = await stream.rest();
    expect(blocks.at(-1)?.data).toBe('[DONE]');
    expect(
      blocks
        .map(({ data }) => data)
        .join('')
        .match(/~+/g)
        ?.join('').length,
    ).toBe(5 * MEGA);
    // Who streams nothing has it in one event.
    const whole = agentAt(running, { id: 'whole', run: () => Promise.resolve('x'.repeat(5 * MEGA)) });
    await whole.start();
    const at_once = await (await running.chatStream({ model: 'agents/whole' })).rest();
    expect(at_once.at(-1)?.data).toBe('[DONE]');
    expectBalanced(running);
  });

  test('beyond what a message may be is told in true words, and the work is done once', async () => {
    const running = await withAgents();
    let runs = 0;
    const agent = agentAt(running, {
      run: () => {
        runs += 1;
        return Promise.resolve('x'.repeat(17 * MEGA));
      },
    });
    await agent.start();
    const reply = await running.chat({ model: 'agents/echo' });
    expect([reply.status, errorOf(reply).code]).toEqual([502, 'upstream_error']);
    expect(errorOf(reply).message).toContain('sent a message of more than 16777216 bytes');
    expect(runs).toBe(1);
    // Streamed, its pieces have come; only the whole cannot.
    const pieces = agentAt(running, {
      id: 'pieces',
      async *run() {
        runs += 1;
        for (let i = 0; i < 17; i += 1) yield await Promise.resolve('x'.repeat(MEGA));
      },
    });
    await pieces.start();
    const blocks = await (await running.chatStream({ model: 'agents/pieces' })).rest();
    expect(blocks.map(({ data }) => data).join('')).toContain('sent a message of more than 16777216 bytes');
    expect(runs).toBe(2);
    expectBalanced(running);
  });
});
