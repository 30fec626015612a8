import { SESSION_LIMITS } from '@atp-router/session';
import type { MessageId, Payload } from '@atp-router/wire';
import { describe, expect, test } from 'vitest';
import { AtpCancelledError, AtpInDoubtError, AtpTaskError } from '../src/errors.ts';
import { Task } from '../src/task.ts';

const id = (msg_seq: number): MessageId => ({ lane: { stream_id: '1', persona_id: '', clone_id: '' }, msg_seq });
const partial = (delta: string): Payload => ({ type: 'agent.result.partial', content: { kind: 'text', delta } });
const FINAL: Payload = { type: 'agent.result.final', content: { text: 'ab' } };

function made(): { readonly task: Task; readonly consumed: number[]; cancelled: number; ended: number } {
  const seen = { consumed: [] as number[], cancelled: 0, ended: 0 };
  const task = new Task({
    consumed: ({ msg_seq }) => seen.consumed.push(msg_seq),
    ended: () => {
      seen.ended += 1;
    },
    cancel: () => {
      seen.cancelled += 1;
    },
  });
  return Object.assign(seen, { task });
}

describe('a task', () => {
  test('tells once that it is over, however it ends', () => {
    const answered = made();
    answered.task.take(id(0), FINAL, true);
    answered.task.cancel();
    const cancelled = made();
    cancelled.task.cancel();
    cancelled.task.fail(new Error('later'));
    expect([answered.ended, answered.cancelled, cancelled.ended, cancelled.cancelled]).toEqual([1, 0, 1, 1]);
  });

  test('is consumed as it is read, and not before', async () => {
    const { task, consumed } = made();
    task.take(id(0), partial('a'), false);
    task.take(id(1), partial('b'), false);
    task.take(id(2), FINAL, true);
    expect(consumed).toEqual([]);
    const types: string[] = [];
    for await (const event of task) {
      types.push(event.type);
      expect(consumed).toHaveLength(types.length);
    }
    expect(types).toEqual(['partial', 'partial', 'final']);
  });

  test('is stalled when it holds all that the router may send, and nobody reads it', async () => {
    const { task } = made();
    for (let i = 0; i < SESSION_LIMITS.pending_messages - 1; i += 1) task.take(id(i), partial('a'), false);
    expect(task.is_stalled).toBe(false);
    task.take(id(SESSION_LIMITS.pending_messages - 1), partial('a'), false);
    expect(task.is_stalled).toBe(true);
    await task[Symbol.asyncIterator]().next();
    expect(task.is_stalled).toBe(false);
  });

  test('passes over what a later edition added', async () => {
    const { task, consumed } = made();
    task.take(id(0), { type: 'agent.hologram', content: 1 }, false);
    task.take(id(1), FINAL, true);
    expect((await task.result()).text).toBe('ab');
    expect(consumed).toEqual([0, 1]);
  });

  test('throws its error behind what came before', async () => {
    const { task } = made();
    task.take(id(0), partial('a'), false);
    task.take(id(1), { type: 'error', content: { code: 'EBUDGET', reason: 'No.', retry_after_ms: 5 } }, true);
    const seen: string[] = [];
    const read = (async () => {
      for await (const event of task) seen.push(event.type);
    })();
    await expect(read).rejects.toMatchObject({ code: 'EBUDGET', message: 'No.', retry_after_ms: 5 });
    await expect(read).rejects.toThrow(AtpTaskError);
    expect(seen).toEqual(['partial']);
  });

  test('has one reader', async () => {
    const { task } = made();
    task.take(id(0), FINAL, true);
    await task.result();
    await expect(task.result()).rejects.toThrow('one reader');
  });

  test('is cancelled once, and not when it is over', async () => {
    const running = made();
    running.task.cancel();
    running.task.cancel();
    expect(running.cancelled).toBe(1);
    await expect(running.task.result()).rejects.toThrow(AtpCancelledError);
    const done = made();
    done.task.take(id(0), FINAL, true);
    await done.task.result();
    done.task.cancel();
    expect(done.cancelled).toBe(0);
  });

  test('that ends without a result says so', async () => {
    const { task } = made();
    task.take(id(0), undefined, true);
    await expect(task.result()).rejects.toThrow('The stream ended without a result.');
  });

  test('that ends without a result says so to a reader of its events, behind them', async () => {
    const { task } = made();
    task.take(id(0), partial('a'), false);
    task.take(id(1), undefined, true);
    const seen: string[] = [];
    const read = (async () => {
      for await (const event of task) seen.push(event.type);
    })();
    await expect(read).rejects.toThrow(AtpInDoubtError);
    expect(seen).toEqual(['partial']);
  });
});
