import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { formatProblems, loadConfig } from '../../src/config/index.ts';
import { type Case, testFaults } from './faults.ts';
import { append, insert, valid } from './support.ts';

const tuners = (...list: readonly string[]): string =>
  append('flow:', '  tuners:', ...list.map((one) => `    - ${one}`));

const TUNERS: readonly Case[] = [
  {
    why: 'a model that is not there',
    text: tuners('{ model: smal, kind: pid, latency_ms: 9 }'),
    at: ['12:16 flow.tuners[0].model'],
    message: /there is no model "smal"/,
  },
  {
    why: 'learned without a proof',
    text: tuners('{ model: small, kind: learned, latency_ms: 9 }'),
    at: ['12:7 flow.tuners[0]'],
    message: /a learned tuner has no "proof"/,
  },
  {
    why: 'what only the learned one asks',
    text: tuners('{ model: small, kind: pid, latency_ms: 9, capacity_tokens_per_s: 5, proof: x }'),
    at: ['12:49 flow.tuners[0].capacity_tokens_per_s', '12:75 flow.tuners[0].proof'],
    message: /"capacity_tokens_per_s" belongs to kind learned only/,
  },
  {
    why: 'two of one model',
    text: tuners('{ model: small, kind: pid, latency_ms: 9 }', '{ model: small, kind: static, latency_ms: 9 }'),
    at: ['13:16 flow.tuners[1].model'],
    message: /moved by flow\.tuners\[0\] already/,
    got: 'small',
  },
  {
    why: 'two of one deployment, under two names',
    text: insert(
      9,
      '  - id: alias',
      '    provider: up',
      '    upstream_model: small',
      '    context: 8000',
      'flow:',
      '  tuners:',
      '    - { model: alias, kind: pid, latency_ms: 9 }',
      '    - { model: small, kind: pid, latency_ms: 9 }',
    ),
    at: ['17:16 flow.tuners[1].model'],
    message: /moved by flow\.tuners\[0\] already/,
  },
  {
    why: 'windows that do not move',
    text: tuners('{ model: small, kind: pid, latency_ms: 9 }').replace('flow:', 'flow:\n  aimd: { enabled: false }'),
    at: ['11:20 flow.aimd.enabled'],
    message: /so that no tuner of flow\.tuners moves a window/,
  },
];

testFaults('tuners', TUNERS);

test('one tuner for each of two models is right, and none where windows do not move', () => {
  const two = insert(
    9,
    '  - { id: other, provider: up, context: 8000 }',
    'flow: { tuners: [{ model: small, kind: pid, latency_ms: 9 }, { model: other, kind: pid, latency_ms: 9 }] }',
  );
  expect(valid(two).flow.tuners).toHaveLength(2);
  expect(valid(append('flow: { aimd: { enabled: false } }')).flow.aimd.enabled).toBe(false);
});

describe('the proof of a tuner', () => {
  const folder = mkdtempSync(join(tmpdir(), 'atp-proofs-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'atp.yaml');
  const load = (proof: string, listens = true): ReturnType<typeof loadConfig> => {
    writeFileSync(file, tuners(`{ model: small, kind: learned, latency_ms: 9, proof: ${proof} }`));
    return loadConfig(file, {}, { listens });
  };

  test('is beside the file', () => {
    writeFileSync(join(folder, 'load.jsonl'), '{}\n');
    expect(load('load.jsonl')).toMatchObject({
      ok: true,
      config: { flow: { tuners: [{ proof: join(folder, 'load.jsonl') }] } },
    });
  });

  test('that is not there is a fault, with its place', () => {
    const result = load('none.jsonl');
    expect(result.ok ? '' : formatProblems(result.problems, { file: 'atp.yaml' })).toMatch(
      /^atp\.yaml:12:\d+: flow\.tuners\[0\]\.proof: the file of "proof" cannot be read: there is no such file/,
    );
    expect(load('none.jsonl', false).ok).toBe(true);
  });
});
