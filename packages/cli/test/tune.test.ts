import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Load, type Result, readLoad } from '@atp-router/flow/tune';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atp } from './support/terminal.ts';
import { Workplace } from './support/workplace.ts';

const folder = join(import.meta.dirname, '../../../examples/loads');
const learned = join(folder, 'learned.jsonl');

interface Answer {
  readonly winner: string | null;
  readonly margin: number | null;
  readonly results: readonly Result[];
}

describe('atp tune replay', () => {
  test('says who wins, by how much, and how the learned one was judged', async () => {
    const { code, out, err } = await atp(['tune', 'replay', 'learned.jsonl'], { cwd: folder });
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/^learned\.jsonl: 3688 calls in 360 s, scored on the last 144 s\n/);
    expect(out).toMatch(/\nTUNER +SCORE .*\nlearned +0\.\d{3} +█+ .*\nstatic .*\npid .*\n/);
    expect(out).toMatch(/\nlearned wins by 0\.\d{3}, static is next\.\n/);
    expect(out).toMatch(
      /\nlearned went 93 times through the first 216 s and is scored on what comes after, which it had\nnot/,
    );
    const fleet = /\nfleet {3}([▁▂▃▄▅▆▇█]{72})\n {51}↑ scored from here\n$/.exec(out)?.[1] ?? '';
    expect(new Set(fleet).size).toBeGreaterThan(3);
    expect(Math.max(...out.split('\n').map((line) => line.length))).toBeLessThan(150);
  });

  test('says the same as JSON, for one tuner or all, and the same for the same seed', async () => {
    const ask = async (...args: readonly string[]): Promise<Answer> => {
      const { code, out } = await atp(['tune', 'replay', learned, '--json', ...args]);
      expect(code).toBe(0);
      return JSON.parse(out) as Answer;
    };
    const pid = await ask('--tuner', 'pid');
    expect(pid).toMatchObject({ winner: null, margin: null, results: [{ tuner: 'pid' }] });
    const seven = await ask('--tuner', 'learned', '--seed', '7');
    expect(seven.results.map(({ seed }) => seed)).toEqual([7, 8, 9, 10, 11]);
    expect(await ask('--tuner', 'learned', '--seed', '7')).toEqual(seven);
  });

  test('takes a load from standard input, and shows nothing of it that a terminal would obey', async () => {
    const text = readFileSync(learned, 'utf8').replace('Made by', String.raw`\u001b[31mMade by`);
    const { code, out } = await atp(['tune', 'replay', '-', '--tuner', 'static'], { stdin: text });
    expect(code).toBe(0);
    expect(out).toMatch(/^standard input: 3688 calls/);
    expect(out).not.toContain('\u001b');
    expect(out).not.toContain('wins');
  });

  test('says so when no call is in the scored part, and what to do', async () => {
    const [header = '', ...calls] = readFileSync(learned, 'utf8').trim().split('\n');
    const stdin = `${[header, ...calls.slice(0, 5)].join('\n')}\n`;
    for (const more of [[], ['--json'], ['--tuner', 'pid']]) {
      const { code, out, err } = await atp(['tune', 'replay', '-', ...more], { stdin });
      expect({ code, out }).toEqual({ code: 2, out: '' });
      expect(err).toMatch(
        /^atp: nothing was scored: .*, from train_ms 216000 to duration_ms 360000\. Its last call comes at \d+ ms\. Record a longer load, or write a smaller train_ms into its first line\.\n$/,
      );
    }
  });

  test.each([
    ['nowhere.jsonl', 'there is no file nowhere.jsonl.'],
    ['README.md', 'README.md is no load: line 1: is not JSON; expected an object on one line.'],
  ])('refuses %s', async (name, words) => {
    const cwd = join(folder, '..');
    expect(await atp(['tune', 'replay', name], { cwd })).toEqual({ code: 2, out: '', err: `atp: ${words}\n` });
  });
});

describe('atp tune gate', () => {
  test('says of each load whether the learned tuner may run', async () => {
    const yes = await atp(['tune', 'gate', 'learned.jsonl'], { cwd: folder });
    expect(yes.code).toBe(0);
    expect(yes.out).toMatch(/^yes {2}learned\.jsonl: the learned tuner may run: it beats PID by 0\.\d{3}\.\n$/);
    const both = await atp(['tune', 'gate', 'pid.jsonl', '-', '--json'], { cwd: folder, stdin: '{}' });
    expect(both.code).toBe(1);
    expect(JSON.parse(both.out)).toEqual([
      { load: 'pid.jsonl', ok: false, reason: expect.stringContaining('Run pid or static on this target.') },
      { load: '-', ok: false, reason: expect.stringContaining('line 1: atp_load is missing') },
    ]);
  });
});

describe('atp tune record', () => {
  const at = new Workplace();
  beforeAll(async () => {
    await at.start();
    const { key } = (await at.data('keys', 'create', '--tenant', 'acme')) as { key: string };
    at.key = key;
  });
  afterAll(() => at.close());

  const load = (name: string): Load => readLoad(readFileSync(join(at.cwd, name), 'utf8'));

  test('says so when nothing is on record', async () => {
    const { code, err } = await at.run(['tune', 'record', '--out', 'none.jsonl']);
    expect({ code, err }).toEqual({
      code: 1,
      err: 'atp: no answered call is on record for this. Ask for other days or another model.\n',
    });
  });

  test('makes a load of what a router has on record, which can be replayed', async () => {
    for (const words of ['one', 'two', 'three']) await at.fine('ask', words, '--model', 'small');
    const said = await at.fine('tune', 'record', '--model', 'small', '--out', 'day.jsonl');
    expect(said).toMatch(/^3 calls of \d+ s are in day\.jsonl\.\nThe fleet is an estimate: \d+ calls at full speed, /);
    const { arrivals } = load('day.jsonl');
    expect(arrivals.map(({ tenant }) => tenant)).toEqual(['t1', 't1', 't1']);
    expect(arrivals.every(({ out_tokens }) => out_tokens > 0)).toBe(true);
    expect(statSync(join(at.cwd, 'day.jsonl')).mode & 0o777).toBe(0o600);
    // Of so few the part for learning may be all: the last one comes after it here.
    const lines = readFileSync(join(at.cwd, 'day.jsonl'), 'utf8').trim().split('\n');
    const later = lines.map((line, i) => (i < 3 ? line : line.replace(/"at_ms":\d+/, '"at_ms":30000')));
    const header = String(later[0]).replace(/"duration_ms":\d+/, '"duration_ms":60000');
    writeFileSync(join(at.cwd, 'scored.jsonl'), [header, ...later.slice(1), ''].join('\n'));
    expect(await at.fine('tune', 'replay', 'scored.jsonl')).toContain('TUNER');
    const gate = await at.run(['tune', 'gate', 'day.jsonl']);
    expect(gate.out).toContain('Record at least two cycles');
  });

  test('takes the newest, of a provider, with names, and what is known better', async () => {
    const known = ['--keep-names', '--knee', '16', '--objective-ms', '3000'];
    const answer = await at.data('tune', 'record', '--provider', 'up', '--calls', '2', ...known, '--out', 'two.jsonl');
    expect(answer).toMatchObject({ out: 'two.jsonl', calls: 2, skipped: 0, cut: 0, fleet: { knee: 16 } });
    expect(load('two.jsonl')).toMatchObject({
      goal: { p95_ms: 3_000 },
      arrivals: [{ tenant: 'acme' }, { tenant: 'acme' }],
    });
    const other = await at.run(['tune', 'record', '--provider', 'silent', '--out', 'other.jsonl']);
    expect(other.code).toBe(1);
  });

  test('does not write over a file', async () => {
    writeFileSync(join(at.cwd, 'mine.jsonl'), 'mine');
    const { code, err } = await at.run(['tune', 'record', '--out', 'mine.jsonl']);
    expect({ code, err }).toEqual({ code: 2, err: 'atp: mine.jsonl is there already. Name another file.\n' });
    expect(readFileSync(join(at.cwd, 'mine.jsonl'), 'utf8')).toBe('mine');
  });
});
