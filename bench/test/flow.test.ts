import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Agenda } from '../src/flow/agenda.ts';
import { capacityOf, done_tokens, duration_ms, fleetFor, size } from '../src/flow/fleet.ts';
import { flowOptions } from '../src/flow/options.ts';
import { atp } from '../src/flow/policies/atp.ts';
import { TOKEN_BUCKETS } from '../src/flow/policies/buckets.ts';
import { FIFO, STRICT_PRIORITY } from '../src/flow/policies/lines.ts';
import { goldFixed, mixed } from '../src/flow/scenarios.ts';
import { simulate } from '../src/flow/simulation.ts';
import { Suite } from '../src/flow/suite.ts';
import { throughput } from '../src/flow/throughput.ts';
import { azureTraces, mooncakeTrace, syntheticTrace } from '../src/flow/traces.ts';

const SEED = 20261129;
const trace = syntheticTrace(SEED, 3_000);
const run = { trace, length_ms: 30_000, seed: SEED };

describe('the aims of flow control', () => {
  test('that do not depend on the machine are reached, with made arrivals', () => {
    const options = flowOptions(['--seconds', '60', '--parts', 'replay,gold,lengths,flood,spikes']);
    if (options === 'help') throw new Error('no help was asked for');
    const suite = new Suite(options, () => undefined);
    suite.run([]);
    expect(suite.aims.map(({ text }) => text.slice(0, 3)).sort()).toEqual([
      '(a)',
      '(b)',
      '(c)',
      '(d)',
      '(e)',
      '(f)',
      '(f)',
    ]);
    expect(suite.aims.filter(({ is_reached }) => !is_reached)).toEqual([]);
  });
});

describe('a run', () => {
  test.each([atp(), FIFO, TOKEN_BUCKETS, STRICT_PRIORITY])('of $name is the same again', (kind) => {
    const workload = mixed(run, 2);
    const [first, second] = [simulate(kind, workload), simulate(kind, workload)];
    expect([...first.tenants.values()]).toEqual([...second.tenants.values()]);
    expect(first.used_ms).toBe(second.used_ms);
  });

  test.each([atp(), FIFO, TOKEN_BUCKETS, STRICT_PRIORITY])('of $name never goes over a window', (kind) => {
    const { fleet, ...workload } = mixed(run, 5);
    const meter = simulate(kind, { ...workload, fleet, warm_ms: 0 });
    expect(meter.used_ms).toBeGreaterThan(0);
    expect(meter.used_ms).toBeLessThanOrEqual(meter.contended_ms);
    for (const { calls, tokens } of meter.busy) {
      expect(calls.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(fleet.calls);
      expect(tokens.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(fleet.tokens);
    }
  });

  test('asks for the multiple of the capacity that was wanted, and gold for the same whatever others ask for', () => {
    for (const multiple of [0.5, 1, 2, 5]) {
      const { asked, capacity, end_ms } = mixed(run, multiple);
      const tokens = asked.reduce((sum, one) => sum + size(one), 0);
      expect((1_000 * tokens) / end_ms / capacity.tokens_per_s / multiple).toBeCloseTo(1, 0);
      const gold = goldFixed({ ...run, length_ms: 300_000 }, multiple).asked.filter(
        ({ tenant }) => tenant.qos === 'gold',
      );
      expect(gold.length / 300 / capacity.calls_per_s).toBeCloseTo(0.21, 1);
    }
  });
});

describe('the fleet', () => {
  test('does for a call what it was asked for by the end of it, and never more', () => {
    const lengths = fc.record({
      in_tokens: fc.integer({ min: 1, max: 9_000 }),
      out_tokens: fc.integer({ min: 1, max: 900 }),
    });
    fc.assert(
      fc.property(lengths, fc.double({ min: 0, max: 1, noNaN: true }), (one, part) => {
        const fleet = fleetFor([one]);
        const whole_ms = duration_ms(fleet, one);
        expect(done_tokens(fleet, one, whole_ms + 1)).toBe(size(one));
        const done = done_tokens(fleet, one, part * whole_ms);
        expect(done).toBeGreaterThanOrEqual(0);
        expect(done).toBeLessThanOrEqual(size(one));
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  test('can do as many calls at a time as its narrower window holds', () => {
    const one = { in_tokens: 500, out_tokens: 100 };
    const fleet = fleetFor([one]);
    // 50 ms, 500 tokens at 10 per ms, 100 tokens at 20 ms: 2.1 s for each of 4 × 64.
    expect(capacityOf(fleet, [one]).calls_per_s).toBeCloseTo((4 * 64) / 2.1);
    expect(capacityOf({ ...fleet, tokens: 6_000 }, [one]).calls_per_s).toBeCloseTo((4 * 10) / 2.1);
  });
});

describe('the agenda', () => {
  test('gives back in the order of times, and of making where they are equal', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 60 }), (times) => {
        const agenda = new Agenda<number>();
        for (const [i, at_ms] of times.entries()) agenda.add(at_ms, i);
        const order = times.map((at_ms, i) => ({ at_ms, i })).sort((a, b) => a.at_ms - b.at_ms || a.i - b.i);
        for (const { at_ms, i } of order) {
          expect(agenda.next_ms).toBe(at_ms);
          expect(agenda.take()).toBe(i);
        }
        expect(agenda.take()).toBeUndefined();
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe('traces', () => {
  function inFolder(check: (folder: string) => void): void {
    const folder = mkdtempSync(join(tmpdir(), 'atp-flow-'));
    try {
      check(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  test('of Azure are read from their tables', () => {
    inFolder((folder) => {
      const rows =
        '2023-11-16 18:15:46.6805900,374,44\n2023-11-16 18:15:50.9951690,396,109\n2023-11-16 18:16:00.0000000,5,0\n';
      for (const kind of ['conv', 'code']) {
        writeFileSync(
          join(folder, `AzureLLMInferenceTrace_${kind}.csv`),
          `TIMESTAMP,ContextTokens,GeneratedTokens\n${rows}`,
        );
      }
      const [conv] = azureTraces(folder);
      expect(conv?.arrivals).toHaveLength(2);
      expect(conv?.arrivals[1]).toMatchObject({ in_tokens: 396, out_tokens: 109 });
      expect(conv?.arrivals[1]?.at_ms).toBeCloseTo(4_314.579, 2);
    });
  });

  test('of Mooncake are read as they are or compressed', () => {
    const lines =
      '{"timestamp": 5, "input_length": 7, "output_length": 3, "hash_ids": [1]}\n{"timestamp": 9, "input_length": 8, "output_length": 4, "hash_ids": []}\n';
    for (const [name, bytes] of [
      ['conversation_trace.jsonl', lines],
      ['conversation_trace.jsonl.gz', gzipSync(lines)],
    ] as const) {
      inFolder((folder) => {
        writeFileSync(join(folder, name), bytes);
        expect(mooncakeTrace(folder).arrivals).toEqual([
          { at_ms: 0, in_tokens: 7, out_tokens: 3 },
          { at_ms: 4, in_tokens: 8, out_tokens: 4 },
        ]);
      });
    }
  });

  test('that hold something else are refused', () => {
    inFolder((folder) => {
      writeFileSync(join(folder, 'conversation_trace.jsonl'), '{"other": 1}\n');
      expect(() => mooncakeTrace(folder)).toThrow('no calls, or lines that are not as its SOURCE.md says');
    });
  });
});

describe('options', () => {
  test('are refused when they cannot be', () => {
    for (const args of [['--parts', 'all'], ['--seconds', '0'], ['--rounds', ''], ['--tenants', '1,x'], ['--what']]) {
      expect(() => flowOptions(args)).toThrow();
    }
    expect(flowOptions(['--help'])).toBe('help');
    expect(flowOptions(['--parts', 'flood,gold', '--tenants', '10'])).toMatchObject({
      parts: ['gold', 'flood'],
      tenants: [10],
      length_ms: 180_000,
      write: false,
    });
  });
});

describe('the throughput', () => {
  test('is measured with and without a queue, beside the baseline', () => {
    const rows = throughput({ rounds: 1, tenants: [10] });
    expect(rows.map(({ queue, name }) => [queue, name])).toEqual([
      ['empty', 'Map and array'],
      ['empty', 'Scheduler'],
      ['standing', 'Map and array'],
      ['standing', 'Scheduler'],
    ]);
    for (const { operations_per_s } of rows) expect(operations_per_s).toBeGreaterThan(0);
  });
});
