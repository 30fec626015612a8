import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type FieldTables, fieldTablesText, checkTrace, readTrace } from '@atp-router/wire/tools';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readApprovals } from '../src/traces/approvals.ts';
import { BROKEN } from '../src/traces/broken.ts';
import { digests } from '../src/traces/exchange.ts';
import { goldens } from '../src/traces/golden.ts';
import { APPROVALS, approve, review, reviewText } from '../src/traces/review.ts';
import { SOUND } from '../src/traces/sound.ts';

const root = join(import.meta.dirname, '../..');
const FIELDS = 'docs/protocol/schemas/fields.json';
const TASK = 'conformance/traces/task.jsonl';
const DAY = '2026-11-29';
const WHY = 'Because of the test.';

const findings = (text: string): readonly { rule: string; level: string }[] =>
  checkTrace(readTrace(text), digests).findings;

describe('golden files', () => {
  it('are as approved', () => {
    const found = review(root);
    expect(reviewText(found), 'if it is meant: npm run traces -w conformance -- --approve "<why>"').toBe('');
  });

  it.each(Object.entries(SOUND))('%s keeps every rule', (_name, make) => {
    expect(findings(make().text()).filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each(Object.entries(BROKEN))('%s breaks its rule', (name, make) => {
    const errors = findings(make().text()).filter(({ level }) => level === 'error');
    expect(errors.map(({ rule }) => rule)).toContain(name.split('-')[0]);
  });
});

/** A repository with golden files only, all of them approved. */
function approvedCopy(): string {
  const copy = mkdtempSync(join(tmpdir(), 'atp-golden-'));
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }));
  approve(copy, WHY, DAY);
  return copy;
}

function rewrite(copy: string, path: string, change: (text: string) => string): void {
  writeFileSync(join(copy, path), change(readFileSync(join(copy, path), 'utf8')));
}

const linesOf = (copy: string): readonly (readonly [string, readonly string[]])[] =>
  review(copy).map(({ golden, lines }) => [golden.path, lines]);

describe('a golden file that is not as approved', () => {
  it('is told, until there is a reason', () => {
    const copy = approvedCopy();
    expect(review(copy)).toEqual([]);
    rewrite(copy, TASK, (text) => text.replace('"qos"', '"qos"').replaceAll(/"confidence":0.9/g, '"confidence":0.8'));
    const [[path, lines] = ['', []]] = linesOf(copy);
    expect(path).toBe(TASK);
    expect(lines.join()).toContain('the file is not the one that was approved');
    for (const reason of ['', 'why', 'two\nlines of it', 'a | in a table', 'x'.repeat(301)]) {
      expect(() => approve(copy, reason, DAY)).toThrow(RangeError);
    }
    expect(review(copy)).toHaveLength(1);
    approve(copy, WHY, DAY);
    expect(review(copy)).toEqual([]);
    const approvals = readApprovals(readFileSync(join(copy, APPROVALS), 'utf8')).filter((one) => one.path === TASK);
    expect(approvals.map(({ day, reason }) => [day, reason])).toEqual([
      [DAY, WHY],
      [DAY, WHY],
    ]);
  });

  it('is told with what is different in it', () => {
    const copy = approvedCopy();
    // As an earlier edition had it: approved, and then the exchange changed.
    rewrite(copy, TASK, (text) => {
      const lines = text.split('\n');
      return lines.filter((line) => !line.includes('"changes no "')).join('\n');
    });
    const [[, lines] = ['', []]] = linesOf(copy);
    expect(lines[0]).toBe('line 7: only_right: in: agent.result.partial 1 of stream 1');
  });

  it('cannot be changed by hand together with the approvals', () => {
    const copy = approvedCopy();
    rewrite(copy, APPROVALS, (text) =>
      text.replace(/(`conformance\/traces\/task.jsonl` \| )[0-9a-f]{16}/, `$1${'0'.repeat(16)}`),
    );
    expect(linesOf(copy)).toEqual([[TASK, ['the file is not the one that was approved']]]);
  });

  it('is told when no exchange makes it any more', () => {
    const copy = approvedCopy();
    const path = 'conformance/traces/broken/old.jsonl';
    writeFileSync(join(copy, path), '{"atp_trace":1}\n');
    expect(linesOf(copy)[0]?.[0]).toBe(path);
    approve(copy, WHY, DAY);
    expect(review(copy)).toEqual([]);
    expect(goldens(copy).some((one) => one.path === path)).toBe(false);
  });
});

describe('the description of all fields', () => {
  /** What is told of this edition when another one was approved. */
  function against(change: (tables: FieldTables) => unknown): readonly string[] {
    const copy = approvedCopy();
    const text = `${JSON.stringify(change(JSON.parse(fieldTablesText()) as FieldTables), null, 2)}\n`;
    mkdirSync(dirname(join(copy, FIELDS)), { recursive: true });
    writeFileSync(join(copy, FIELDS), text);
    return linesOf(copy).flatMap(([path, lines]) => (path === FIELDS ? lines : []));
  }

  it('tells a change that breaks peers, and why', () => {
    const lines = against((tables) => ({ ...tables, limits: { ...tables.limits, depth: 128 } }));
    expect(lines).toContainEqual(expect.stringMatching(/^BREAKING: limits\.depth: 128 became 64\. .*\(W20\)\.$/));
  });

  it('tells one that does not, too', () => {
    const lines = against((tables) => ({ ...tables, flags: tables.flags.slice(0, -1) }));
    expect(lines).toContain('compatible: flags.ECN: flag added.');
  });

  it('is approved as breaking', () => {
    const copy = approvedCopy();
    rewrite(copy, FIELDS, (text) => text.replace('"depth": 64', '"depth": 128'));
    approve(copy, WHY, DAY);
    const last = readApprovals(readFileSync(join(copy, APPROVALS), 'utf8')).at(-1);
    expect(last).toMatchObject({ path: FIELDS, reason: `BREAKING: ${WHY}` });
  });
});
