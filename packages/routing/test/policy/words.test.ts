import { describe, expect, test } from 'vitest';
import {
  compileMatch,
  evaluate,
  factsOfMeta,
  factsOfObject,
  factsOfText,
  lintMatches,
  mergeFacts,
  narrowed,
  parseMatch,
  type RequestFacts,
  traceOf,
} from '../../src/index.ts';
import { facts } from '../fixtures.ts';

const complaint = (raw: unknown): string => {
  const [first] = parseMatch(raw).complaints;
  return first === undefined ? 'none' : `${first.at.join('.')}: ${first.message} | ${first.expected}`;
};

describe('what is wrong with a match', () => {
  test.each([
    [{ risk: '>=hgih' }, 'risk: "risk" compares with what is not on its scale | one of low, medium, high, critical'],
    [{ qos: 'platinum' }, 'qos: "qos" is never that | one of bronze, silver, gold'],
    [
      { diff_loc: '>many' },
      'diff_loc: "diff_loc" compares with what is no number | a decimal number of at most 15 digits and 9 decimals',
    ],
    [
      { diff_loc: '10..x' },
      'diff_loc: "diff_loc" has a range of what is no number | two decimal numbers, such as 10..20',
    ],
    [{ tenant: '>acme' }, /^tenant: "tenant" has no order: it cannot be compared \|/],
    [{ task_type: 7 }, /^task_type: "task_type" holds what cannot be a value \|/],
    [{ languages: [] }, 'languages: "languages" is an empty list | 1 to 64 values'],
    [{ languages: { some: ['ts'] } }, 'languages.some: unknown key "some" | one of any, all, none'],
    [{ languages: { any: 'ts' } }, 'languages.any: "any" is no list | a list of values'],
    [{ languages: {} }, 'languages: "languages" is an empty mapping | any, all or none, with a list'],
    [{ rsik: 'high' }, /^rsik: unknown key "rsik" \| one of task_type, .*; other facts stand under facts$/],
    [{ facts: { risk: 'high' } }, 'facts.risk: "risk" is no fact of its own name | risk beside facts, not under it'],
    [{ facts: { 'Diff-Loc': 1 } }, /^facts\.Diff-Loc: "Diff-Loc" cannot be the name of a fact \| a lower-case letter/],
    [{ any_of: [{}] }, 'any_of.0: a match without conditions | at least one condition'],
    [{ any_of: { risk: 'low' } }, 'any_of: "any_of" is no list of matches | a list of 1 to 16 matches'],
    [{ not: 'x' }, 'not: "not" is no match | a mapping with conditions'],
    [{ risk: null }, /^risk: "risk" has no value \|/],
  ])('%j', (raw, said) => {
    if (typeof said === 'string') expect(complaint(raw)).toBe(said);
    else expect(complaint(raw)).toMatch(said);
  });

  test('everything is said at once', () =>
    expect(
      parseMatch({ risk: '>x', any_of: [{ qos: 'x' }, { zz: 1 }] }).complaints.map(({ at }) => at.join('.')),
    ).toEqual(['risk', 'any_of.0.qos', 'any_of.1.zz']));
});

const holds = (raw: unknown, more: Partial<RequestFacts> = {}): string =>
  evaluate(compileMatch(raw), { names: ['auto'], facts: facts(more) });
const said = (text: string): Partial<RequestFacts> => ({ task: factsOfText(text, 'x-atp-facts') });

describe('what a match means', () => {
  test.each([
    [{}, '', 'yes'],
    [{ diff_loc: '>150' }, 'diff_loc=151', 'yes'],
    [{ diff_loc: '>150' }, 'diff_loc=150', 'no'],
    [{ diff_loc: '10..20' }, 'diff_loc=20', 'yes'],
    [{ diff_loc: '> 150' }, 'diff_loc=many', 'unknown'],
    [{ diff_loc: [1, 2] }, 'diff_loc=2.0', 'yes'],
    [{ risk: '>=high' }, 'risk=CRITICAL', 'yes'],
    [{ risk: 'medium..high' }, 'risk=low', 'no'],
    [{ risk: '!=high' }, '', 'unknown'],
    [{ not: { risk: 'high' } }, '', 'unknown'],
    [{ languages: { all: ['TS', 'go'], none: ['cobol'] } }, 'languages=go,ts,sql', 'yes'],
    [{ languages: { all: ['ts', 'go'] } }, 'languages=ts', 'no'],
    [{ facts: { urgent: true, owner: '!=me' } }, 'urgent=true; owner=you', 'yes'],
    [{ any_of: [{ risk: 'high' }, { diff_loc: '<5' }] }, 'diff_loc=1', 'yes'],
    [{ qos: '>=silver' }, '', 'yes'],
    [{ qos: '>silver' }, '', 'no'],
    [{ model: 'auto' }, '', 'yes'],
  ])('%j with "%s": %s', (raw, text, outcome) => expect(holds(raw, said(text))).toBe(outcome));

  test('a call that names no scopes may carry any: it holds neither one nor none of them', () => {
    expect(holds({ data_scope: 'pii' })).toBe('unknown');
    expect(holds({ data_scope: { none: ['pii'] } })).toBe('unknown');
    expect(holds({ data_scope: { none: ['pii'] } }, { data_scopes: ['public'] })).toBe('yes');
  });

  test('permissions are asked for one and all, groups for one; who has none is known to have none', () => {
    const rights = { tool_permissions: new Set(['read', 'write']), security_groups: new Set(['ops']) };
    expect(holds({ tool_permissions: ['read', 'write'] }, { rights })).toBe('yes');
    expect(holds({ tool_permissions: ['read', 'admin'] }, { rights })).toBe('no');
    expect(holds({ security_groups: ['dev', 'ops'] }, { rights })).toBe('yes');
    expect(holds({ security_groups: { none: ['contractors'] } })).toBe('yes');
    expect(holds({ tool_permissions: ['read'] })).toBe('no');
  });

  test('a request narrows the rights of its caller, and never adds one', () => {
    const rights = { tool_permissions: new Set(['read', 'write']), security_groups: new Set(['ops']) };
    const told = factsOfText('tool_permissions=read,admin; security_groups=root', 'x-atp-facts');
    expect(narrowed(rights, told)).toEqual({ tool_permissions: new Set(['read']), security_groups: new Set() });
    expect(narrowed(rights, factsOfMeta({ risk: 'high' }))).toBe(rights);
  });

  test('of facts that are said twice the nearer one wins, each by itself', () => {
    const merged = mergeFacts(factsOfText('risk=low; x=1', 'h'), factsOfObject({ risk: 'high', x: 2, y: ['a'] }, 'f'));
    expect(merged).toMatchObject({
      risk: 'low',
      values: new Map<string, unknown>([
        ['x', 1],
        ['y', ['a']],
      ]),
    });
  });

  test('a trace says what was wanted and what there is', () => {
    const match = compileMatch({ risk: '>=high', any_of: [{ languages: ['ts'] }, { diff_loc: '>5' }] });
    expect(traceOf(match, { names: [], facts: facts(said('risk=low; diff_loc=lots')) })).toEqual([
      { path: 'risk', depth: 0, what: 'risk', expected: '>=high', actual: 'low', outcome: 'no' },
      { path: 'any_of', depth: 0, what: 'any of', expected: '', actual: '', outcome: 'unknown' },
      {
        path: 'any_of[0].languages',
        depth: 1,
        what: 'languages',
        expected: '[ts]',
        actual: 'unknown',
        outcome: 'unknown',
      },
      {
        path: 'any_of[1].diff_loc',
        depth: 1,
        what: 'diff_loc',
        expected: '>5',
        actual: 'lots (no number)',
        outcome: 'unknown',
      },
    ]);
  });
});

describe('facts that cannot be read', () => {
  test.each([
    ['x', '"x-atp-facts" must be "name=value" parts with ";" between them.'],
    ['x=1; x=2', '"x-atp-facts" must say "x" once only.'],
    ['X=1', /^"x-atp-facts" must name facts by a lower-case letter/],
    ['x=a b', /^"x-atp-facts" must have values of letters.*"x" has another\.$/],
    ['qos=gold', '"x-atp-facts" must not say "qos", which has a header or field of its own.'],
    ['risk=low,high', '"x-atp-facts" must name one risk.'],
    [Array.from({ length: 33 }, (_, i) => `f${i}=1`).join(';'), '"x-atp-facts" must hold at most 32 facts.'],
    ['x'.repeat(4_097), '"x-atp-facts" must have at most 4096 characters.'],
  ])('%.20s', (text, message) => expect(() => factsOfText(text, 'x-atp-facts')).toThrow(message));

  test('in an object, by their place', () => {
    expect(() => factsOfObject({ x: { y: 1 } }, 'facts')).toThrow(
      '"facts.x" must be text, a number, true or false, or a list of text.',
    );
    expect(() => factsOfObject({ x: 1e300 }, 'facts')).toThrow(/^"facts\.x" must be a decimal number/);
    expect(factsOfObject({ languages: [], x: null }, 'facts')).toMatchObject({ languages: [], values: new Map() });
  });
});

describe('policies that never apply', () => {
  const remarks = (...matches: readonly unknown[]): readonly string[] =>
    lintMatches(
      matches.map((raw, i) => ({ id: `p${i}`, match: raw === undefined ? undefined : compileMatch(raw) })),
    ).map(
      ({ policy, at, message }) =>
        `p${policy} ${at.join('.')}: ${message.replace('the policy never applies by itself: ', '')}`,
    );

  test.each([
    [[{ diff_loc: '20..10' }], 'p0 diff_loc: nothing lies in the range 20..10 of "diff_loc"'],
    [[{ risk: 'high..low' }], 'p0 risk: nothing lies in the range high..low of "risk"'],
    [
      [{ all_of: [{ diff_loc: '>150' }, { diff_loc: '<50' }] }],
      'p0 all_of.1.diff_loc: "diff_loc" cannot be >150 and <50',
    ],
    [[{ tenant: 'a', all_of: [{ tenant: ['b', 'c'] }] }], 'p0 all_of.0.tenant: "tenant" cannot be a and [b, c]'],
    [[{ languages: { all: ['ts'], none: ['ts'] } }], 'p0 languages: "languages" would have to hold "ts" and not to'],
    [
      [{ task_type: 'review' }, { task_type: 'review', risk: 'high' }],
      /^p1 : whatever it matches, the earlier policy "p0"/,
    ],
    [[{}, undefined, { qos: 'gold' }], /^p2 : .*"p0"/],
    [[{ diff_loc: '>10' }, { diff_loc: '20..30' }], /^p1 /],
    [[{ risk: '>=medium' }, { risk: 'critical' }], /^p1 /],
    [[{ any_of: [{ risk: 'low' }, { qos: 'gold' }] }, { qos: 'gold' }], /^p1 /],
  ])('%j', (matches, remark) => {
    const found = remarks(...matches);
    expect(found).toHaveLength(1);
    if (typeof remark === 'string') expect(found[0]).toBe(remark);
    else expect(found[0]).toMatch(remark);
  });

  test('nothing is said of those that may', () =>
    expect(
      remarks(
        { task_type: 'review', risk: 'high' },
        { task_type: 'review' },
        { languages: ['ts'], all_of: [{ languages: ['go'] }] },
        { diff_loc: '>10' },
        { diff_loc: '>5' },
        { not: { risk: 'low' } },
        {},
      ),
    ).toEqual([]));
});
