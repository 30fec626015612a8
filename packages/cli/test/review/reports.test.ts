import { describe, expect, test } from 'vitest';
import { findingsIn, joined } from '../../src/review/finding.ts';
import { markdownReport } from '../../src/review/markdown-report.ts';
import { type Review, reviewOf } from '../../src/review/report.ts';
import { sarifReport } from '../../src/review/sarif-report.ts';
import { textReport } from '../../src/review/text-report.ts';

const EVIL = '::error::x\r\n::add-mask::y\u001b[31m @admin <img src=x> ![a](http://evil.example/?q) #1 `code` \u202e';

const raw = {
  ...{ id: 'f-1', type: 'xss', severity: 'critical', file: 'src/ü a#b.js', span: { start_line: 2, end_line: 3 } },
  ...{ claim: EVIL, proposed_fix: `${EVIL}\n\`\`\`\`\n# heading`, tests: [EVIL], confidence: 0.75, agreement: 0.4 },
  evidence: [{ file: 'src/ü a#b.js', span: { start_line: 2, end_line: 2 }, quote: 'x' }],
  provenance: [
    { lane: 0, source: 'persona:security' },
    { lane: 2, source: EVIL },
  ],
  checked: {
    score: 0.9,
    citations: [
      { file: 'src/ü a#b.js', span: { start_line: 2, end_line: 3 }, verdict: 'place_only' },
      { file: 'src/ü a#b.js', span: { start_line: 2, end_line: 2 }, verdict: 'good' },
    ],
  },
};
const mild = { ...raw, id: 'f-2', type: 'naming', severity: 'info', file: 'b.js', span: undefined, claim: 'Say so.' };

function review(findings: readonly object[] = [mild, raw], moved = 0): Review {
  const lines = ['one', 'two', 'three'].map((text, i) => ({ kind: 'added' as const, text, new_line: i + 1 + moved }));
  const file = { path: 'src/ü a#b.js', old_path: undefined, status: 'added', kind: 'text' } as const;
  const files = [{ ...file, old_mode: undefined, new_mode: undefined, lines, added: 3, removed: 0 }];
  const facts = { range: 'main...topic', policy: 'review', version: '1.2.3', files, left_out: [], masked: 2 };
  const lanes = [{ source: 'persona:security', model: 'm', state: 'finalized' }];
  const about = { strategy: 'union', agreement: 0.5, uncertainties: [EVIL], why: [], lanes };
  const found = { kind: 'reviewed' as const, ...about, cost_usd_micros: 5, simulated: false };
  return reviewOf(
    facts,
    [
      { ...found, findings: findingsIn(findings) ?? [] },
      { kind: 'failed', why: EVIL },
    ],
    () => ['src/x.js'],
  );
}

describe('SARIF', () => {
  // What the schema of SARIF 2.1.0 requires of the objects that are written, and the kinds of their members.
  const log = sarifReport(review()) as Sarif;
  const [run] = log.runs;

  test('has what the schema requires', () => {
    expect(log.version).toBe('2.1.0');
    expect(log.$schema).toMatch(/sarif-2\.1\.0/);
    expect(log.runs).toHaveLength(1);
    expect(run?.tool.driver.name).toBe('atp review');
    for (const rule of run?.tool.driver.rules ?? []) {
      expect(rule.id).toMatch(/^\w+$/);
      expect(rule.shortDescription.text.length).toBeGreaterThan(0);
    }
    expect(run?.invocations.map(({ executionSuccessful }) => executionSuccessful)).toEqual([false]);
    for (const { toolExecutionNotifications } of run?.invocations ?? []) {
      expect(toolExecutionNotifications.every(({ message }) => message.text.length > 0)).toBe(true);
    }
    for (const result of run?.results ?? []) {
      expect(['none', 'note', 'warning', 'error']).toContain(result.level);
      expect(result.message.text.length).toBeGreaterThan(0);
      expect(run?.tool.driver.rules[result.ruleIndex]?.id).toBe(result.ruleId);
      expect(result.rank).toBe(75);
      for (const { physicalLocation } of [...(result.locations ?? []), ...result.relatedLocations]) {
        const { artifactLocation, region } = physicalLocation;
        expect(URL.canParse(artifactLocation.uri, 'file:///')).toBe(true);
        if (region !== undefined) expect(region.endLine).toBeGreaterThanOrEqual(region.startLine);
      }
    }
  });

  test('the gravest comes first, places are addresses', () => {
    expect(run?.results.map(({ ruleId, level }) => [ruleId, level])).toEqual([
      ['xss', 'error'],
      ['naming', 'note'],
    ]);
    const place = run?.results[0]?.locations?.[0]?.physicalLocation;
    expect(place).toEqual({
      artifactLocation: { uri: 'src/%C3%BC%20a%23b.js', uriBaseId: '%SRCROOT%' },
      region: { startLine: 2, endLine: 3 },
    });
  });

  test('fingerprints stay when lines move and words differ, and tell places apart', () => {
    const prints = (one: Review): readonly (string | undefined)[] =>
      (sarifReport(one) as Sarif).runs[0]?.results.map(
        ({ partialFingerprints }) => partialFingerprints['atpFinding/v1'],
      ) ?? [];
    const first = prints(review([raw]));
    expect(first[0]).toMatch(/^[0-9a-f]{32}:1$/);
    const moved = { ...raw, span: { start_line: 12, end_line: 13 }, claim: 'In other words.' };
    expect(prints(review([moved], 10))).toEqual(first);
    expect(prints(review([{ ...raw, span: { start_line: 3, end_line: 3 } }]))).not.toEqual(first);
    expect(new Set(prints(review([raw, { ...raw, claim: 'The same place again.' }]))).size).toBe(2);
  });
});

interface Place {
  readonly physicalLocation: {
    readonly artifactLocation: { readonly uri: string };
    readonly region?: { readonly startLine: number; readonly endLine: number };
  };
}

interface Sarif {
  readonly $schema: string;
  readonly version: string;
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly name: string;
        readonly rules: readonly { readonly id: string; readonly shortDescription: { readonly text: string } }[];
      };
    };
    readonly invocations: readonly {
      readonly executionSuccessful: boolean;
      readonly toolExecutionNotifications: readonly { readonly message: { readonly text: string } }[];
    }[];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly rank?: number;
      readonly message: { readonly text: string };
      readonly locations?: readonly Place[];
      readonly relatedLocations: readonly Place[];
      readonly partialFingerprints: Readonly<Record<string, string>>;
    }[];
  }[];
}

test('a finding is of the changed file that its name means', () => {
  const names = ['ü a#b.js', '/somewhere/src/ü a#b.js', 'b.js'];
  const { findings } = review(names.map((file) => ({ ...raw, file, claim: file })));
  expect(new Map(findings.map(({ claim, file }) => [claim, file]))).toEqual(
    new Map([
      ['ü a#b.js', 'src/ü a#b.js'],
      ['/somewhere/src/ü a#b.js', 'src/ü a#b.js'],
      ['b.js', 'b.js'],
    ]),
  );
});

describe('what others wrote', () => {
  test('gives no orders to terminals and build logs', () => {
    const text = textReport(review());
    expect(text).toContain('critical xss');
    for (const line of text.split('\n')) expect(line.trimStart().startsWith('::'), line).toBe(false);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  test('is text in Markdown', () => {
    const text = markdownReport(review());
    expect(text).toContain('### critical: xss in `src/ü a#b.js:2-3`');
    const [outside = '', fence = ''] = [text.replace(/`{5}text[\s\S]*?`{5}|`{3}text[\s\S]*?`{3}/g, ''), text];
    expect(outside).not.toMatch(/(?<!\\)<img|(?<!\\)!\[|(?<!\\)\]\(|@admin|(?<!\\)`code/);
    expect(fence).toContain('`````text\n');
    expect(outside).toContain('part 2 was not reviewed');
  });

  test('is bounded in Markdown, which says so', () => {
    const many = Array.from({ length: 400 }, (_, i) => ({ ...raw, claim: `${i} ${'long '.repeat(200)}` }));
    const text = markdownReport(review(many));
    expect(text.length).toBeLessThan(62_000);
    expect(text).toMatch(/_\d+ findings more/);
  });

  test('that is no finding is left out', () => {
    expect(findingsIn(undefined)).toBeUndefined();
    expect(
      findingsIn([null, 7, [], {}, { claim: ' ' }, { claim: 'x', severity: 'odd', span: { start_line: 0 } }]),
    ).toMatchObject([{ claim: 'x', severity: 'medium', file: '', span: undefined, found_by: [], is_false: false }]);
    const [one] = findingsIn([raw]) ?? [];
    expect(joined(one === undefined ? [] : [[one], [one]])).toHaveLength(1);
  });
});
