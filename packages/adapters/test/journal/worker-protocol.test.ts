import { DatabaseSync } from 'node:sqlite';
import { AtpError } from '@atp-router/kernel';
import { expect, it } from 'vitest';
import { fromWire, toWire } from '../../src/journal/worker-protocol.ts';

const overThreads = (error: unknown): AtpError => fromWire(structuredClone(toWire(error)));

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

it('tells clients the code of an error and keeps its text as the cause', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED db.internal:5432'), { code: 'ECONNREFUSED' });
  const database = new DatabaseSync(':memory:');
  const missing = thrownBy(() => database.prepare('SELECT secret FROM hidden'));
  const cases = [
    [refused, 'ECONNREFUSED', 'db.internal'],
    [missing, 'SQL logic error', 'hidden'],
    [new TypeError('cannot read /var/lib/atp'), 'unknown reason', '/var/lib'],
    ['/var/lib/atp', 'unknown reason', '/var/lib'],
  ] as const;
  for (const [error, reason, place] of cases) {
    const { code, message, cause } = overThreads(error);
    expect(code).toBe('internal_error');
    expect(message).toContain(`(${reason})`);
    expect(message).not.toContain(place);
    expect((cause as Error).message).toContain(place);
  }
});

it('passes on what was worded for clients', () => {
  const cause = new Error('text of the system');
  const error = new AtpError('backpressure', 'Retry soon.', { param: 'cursor', details: { waiting: 3 }, cause });
  const passed = overThreads(error);
  expect(passed).toMatchObject({
    code: 'backpressure',
    message: 'Retry soon.',
    param: 'cursor',
    details: { waiting: 3 },
  });
  expect((passed.cause as Error).message).toBe('text of the system');
});
