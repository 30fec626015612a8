import { type LineFields, lineOf, openLogger } from '@atp-router/adapters';
import type { RouterEvent } from '@atp-router/ledger';
import { describe, expect, test } from 'vitest';
import { attemptOf, endedOf } from './support.ts';

type Line = Record<string, unknown>;

function jsonLogger(level: 'debug' | 'info' | 'warn' | 'silent'): {
  lines: Line[];
  logger: ReturnType<typeof openLogger>;
} {
  const lines: Line[] = [];
  const sink = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  return { lines, logger: openLogger({ level, format: 'json', sink }) };
}

function textOf(fields: LineFields, color = false): string {
  const lines: string[] = [];
  const logger = openLogger({ level: 'info', format: 'text', color, sink: { write: (text) => void lines.push(text) } });
  logger.log('warn', 'it happened', fields);
  return lines.join('');
}

const KILL = { type: 'kill.set', scope: 'model', id: 'm', reason: 'r', by: 'ops' } as const;

test('a line says which of several processes wrote it', () => {
  const lines: string[] = [];
  const sink = { write: (text: string) => void lines.push(text) };
  openLogger({ level: 'info', format: 'json', process: 'worker:2', sink }).log('info', 'it happened', { a: 1 });
  openLogger({ level: 'info', format: 'text', process: 'owner', sink }).log('info', 'it happened', { a: 1 });
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ process: 'worker:2', a: 1, msg: 'it happened' });
  expect(lines[1]).toMatch(/ INFO {2}it happened process=owner a=1\n$/);
});

describe('events in the log', () => {
  test('a call that went well is debug, one that failed is info', () => {
    const { lines, logger } = jsonLogger('info');
    logger.event(endedOf());
    expect(lines).toEqual([]);
    logger.event(endedOf({ outcome: 'error', error: 'upstream_error', status: 502 }));
    logger.setLevel('debug');
    logger.event(endedOf({ trace_id: 'ab'.repeat(16) }));
    expect(lines[0]).toMatchObject({ level: 'info', msg: 'call ended', error: 'upstream_error', status: 502 });
    expect(lines[1]).toEqual({
      ...{ level: 'debug', time: lines[1]?.['time'], msg: 'call ended' },
      ...{ call_id: 'call_1', tenant: 'acme', key_id: 'k1', endpoint: 'chat.completions', requested_model: 'small' },
      ...{ model: 'small', provider: 'up', qos: 'silver', outcome: 'ok', status: 200, attempts: 1, stream: false },
      ...{ in_tokens: 120, out_tokens: 80, cost_usd_micros: 2, latency_ms: 60, ttfb_ms: 12, trace_id: 'ab'.repeat(16) },
    });
    expect(lines[1]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test.each<[RouterEvent, string, LineFields]>([
    [
      { type: 'call.refused', tenant: 'a', key_id: 'k', endpoint: 'messages', error: 'rate_limited' },
      'debug',
      { error: 'rate_limited' },
    ],
    [{ type: 'attempt.ended', call_id: 'c', attempt: attemptOf({ outcome: 'error' }) }, 'debug', { outcome: 'error' }],
    [
      { type: 'breaker.changed', provider: 'up', model: 'm', from: 'closed', to: 'open', reason: 'five in a row' },
      'warn',
      { provider: 'up', reason: 'five in a row' },
    ],
    [
      { type: 'breaker.changed', provider: 'up', model: 'm', from: 'half_open', to: 'closed', reason: 'probe' },
      'info',
      { model: 'm' },
    ],
    [{ type: 'config.applied', generation: 2, hash: 'aa' }, 'info', { generation: 2 }],
    [{ type: 'config.rejected', problems: 3, first: 'atp.yaml:1:1: x' }, 'warn', { problems: 3 }],
    [
      {
        type: 'limits.changed',
        tenant: 'a',
        before: { max_parallel: 1, x: 5 },
        after: { max_parallel: 2, x: 5, y: null },
      },
      'info',
      { tenant: 'a', max_parallel: '1 -> 2' },
    ],
    [{ ...KILL, on: true, stopped_calls: 4, since_ms: 1 }, 'warn', { stopped_calls: 4, by: 'ops' }],
    [{ ...KILL, on: false, stopped_calls: 0, since_ms: null }, 'info', {}],
    [{ type: 'node.started', version: '1', recovered_calls: 0 }, 'info', { version: '1' }],
    [{ type: 'node.started', version: '1', recovered_calls: 2 }, 'warn', { recovered_calls: 2 }],
    [
      { type: 'stage.aborted', call_id: 'c', tenant: 'a', stage: 'guard', error: 'policy_denied' },
      'info',
      { stage: 'guard' },
    ],
  ])('%j', (event, level, fields) => {
    const line = lineOf(event);
    expect(line?.level).toBe(level);
    expect(line?.fields).toMatchObject(fields);
  });

  test('no hash, no sealed answer, no long name gets in', () => {
    const value = { tenant: 'a', id: 'k', hash: 'sha256:feed', state: 'active' };
    const put = lineOf({ type: 'entity.put', kind: 'key', id: 'a/k', value, by: 'ops' });
    expect(put?.fields).toEqual({ id: 'a/k', by: 'ops' });
    const sealed = {
      type: 'idempotency.stored',
      sealed: 'secret',
      scope_hash: 's',
      body_hash: 'b',
      call_id: 'c',
      expires_ms: 1,
    };
    expect(lineOf(sealed as RouterEvent)).toBeUndefined();
    const long = lineOf(endedOf({ requested_model: 'x'.repeat(10_000) }));
    expect(JSON.stringify(long).length).toBeLessThan(1_000);
  });

  test('silent is silent', () => {
    const { lines, logger } = jsonLogger('silent');
    logger.log('fatal', 'nobody hears');
    logger.event(endedOf({ outcome: 'error' }));
    expect(lines).toEqual([]);
  });
});

describe('text for eyes', () => {
  test('one line with time, level, message and fields', () => {
    expect(textOf({ provider: 'up', n: 3, ok: true, gone: undefined })).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} WARN {2}it happened provider=up n=3 ok=true\n$/,
    );
  });

  test('a value cannot fake a line, another field, or drive the terminal', () => {
    const text = textOf({ a: 'x b=1', b: 'one\ntwo', c: '\u001b[2J', d: '\u009b2J\u202e', e: '' });
    expect(text.split('\n')).toHaveLength(2);
    expect(text).toContain('a="x b=1" b="one\\ntwo" c="\\u001b[2J" d="\\u009b2J\\u202e" e=""\n');
  });

  test('coloured where wanted', () => {
    expect(textOf({}, true)).toContain('\u001b[33mWARN \u001b[0m it happened');
  });
});
