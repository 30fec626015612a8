import { describe, expect, it } from 'vitest';
import {
  type Compatibility,
  compareTables,
  compatibilityOf,
  type FieldTables,
  fieldTables,
  fieldTablesText,
  readFieldTables,
  upgradeChecklist,
} from '../../src/tools/index.ts';

/** A place in a description, and what to put there; without it the place is emptied. */
type Edit = readonly [at: string, to?: unknown];
type Row = Record<string, unknown>;

/** This edition with something changed: `at` is a path with `/`. */
function edited(...edits: readonly Edit[]): FieldTables {
  const copy = JSON.parse(fieldTablesText()) as Row;
  for (const [at, to] of edits) {
    const names = at.split('/');
    const last = names.pop() ?? '';
    const row = names.reduce((of, name) => of[name] as Row, copy);
    if (to === undefined) delete row[last];
    else Object.defineProperty(row, last, { value: to, enumerable: true, writable: true, configurable: true });
  }
  return copy as unknown as FieldTables;
}

const { flags, errors, together } = fieldTables();
const NOTE = { spec: { kind: 'text', min: 0, max: 10 }, doc: 'New.' };
const PLATINUM: Edit = [
  'shapes/frame/members/qos/spec',
  { kind: 'word', values: ['gold', 'silver', 'bronze', 'platinum'] },
];

/** What is done, where it shows, what it is, and the sentences of what breaks. */
type Case = readonly [name: string, edit: Edit, path: string, verdict: Compatibility, sentences: readonly string[]];

const CASES: readonly Case[] = [
  ['a member without a key is added', ['shapes/meta/members/note', NOTE], 'meta.note', 'compatible', []],
  [
    'a member with a key is added',
    ['shapes/meta/members/note', { ...NOTE, key: 13 }],
    'meta.note',
    'breaks_old_readers',
    ['W34'],
  ],
  [
    'a member that has to be there is added',
    ['shapes/meta/members/note', { ...NOTE, required: true }],
    'meta.note',
    'breaks_new_readers',
    ['W2'],
  ],
  ['a member is removed', ['shapes/target/members/clone_id'], 'target.clone_id', 'breaks_both', ['W2', 'W6']],
  [
    'a member with a key is removed',
    ['shapes/window/members/max_tokens'],
    'window.max_tokens',
    'breaks_new_readers',
    ['W34'],
  ],
  ['a key changes', ['shapes/meta/members/risk/key', 13], 'meta.risk', 'breaks_both', ['W39', 'W39']],
  ['a default changes', ['shapes/frame/members/ttl/default', 16], 'frame.ttl', 'breaks_both', ['W4', 'W4']],
  ['a member may be left out', ['shapes/payload/members/type/required'], 'payload.type', 'breaks_old_readers', ['W2']],
  [
    'a range grows',
    ['shapes/window/members/max_parallel/spec/max', 2_000],
    'window.max_parallel',
    'breaks_old_readers',
    ['W3'],
  ],
  ['a list shrinks', ['shapes/meta/members/data_scope/spec/max', 8], 'meta.data_scope', 'breaks_new_readers', ['W3']],
  ['a word is added', PLATINUM, 'frame.qos', 'breaks_old_readers', ['W3']],
  ['a kind changes', ['shapes/meta/members/risk/spec', { kind: 'flag' }], 'meta.risk', 'breaks_both', ['W3', 'W3']],
  ['a payload type is added', ['payloads/agent.cancel', {}], 'payload agent.cancel', 'compatible', []],
  ['a payload type is removed', ['payloads/agent.log'], 'payload agent.log', 'breaks_new_readers', ['W17']],
  [
    'a free content gets a shape',
    ['payloads/agent.log', { content: 'target', required: true }],
    'payload agent.log',
    'breaks_new_readers',
    ['W16'],
  ],
  ['a flag is added', ['flags', [...flags, 'PRI']], 'flags.PRI', 'compatible', []],
  ['a flag is removed', ['flags', flags.slice(0, -1)], 'flags.ECN', 'breaks_new_readers', ['W12']],
  ['an error code is removed', ['errors', errors.slice(0, -1)], 'errors.ECFG', 'compatible', []],
  ['a limit falls', ['limits/depth', 32], 'limits.depth', 'breaks_new_readers', ['W20']],
  ['a limit rises', ['limits/message_bytes', 2 ** 30], 'limits.message_bytes', 'breaks_old_readers', ['W61']],
  ['the major changes', ['major', 2], 'major', 'breaks_both', ['W5', 'W5']],
  ['a signature needs more', ['together', [...together, 'checksum']], 'together', 'breaks_new_readers', ['W8']],
];

/** Where the one that reads refuses, so that the other way round the other one refuses. */
const REFUSING: ReadonlySet<string> = new Set(['W3', 'W8', 'W16', 'W20', 'W61']);
const MIRRORED: Readonly<Partial<Record<Compatibility, Compatibility>>> = {
  breaks_old_readers: 'breaks_new_readers',
  breaks_new_readers: 'breaks_old_readers',
};

describe('two editions', () => {
  it('of which nothing changed are the same', () => {
    expect(compareTables(fieldTables(), readFieldTables(fieldTablesText()))).toEqual([]);
    expect(compatibilityOf([])).toBe('same');
  });

  it('that only say things in other words are the same', () => {
    expect(compareTables(fieldTables(), edited(['shapes/frame/members/ttl/doc', 'Hops.']))).toEqual([]);
  });

  it.each(CASES)('%s', (_name, edit, path, verdict, sentences) => {
    const changes = compareTables(fieldTables(), edited(edit));
    expect(changes.map((one) => one.path)).toEqual([path]);
    expect(compatibilityOf(changes)).toBe(verdict);
    const broken = changes.flatMap(({ old_reader, new_reader }) =>
      [old_reader, new_reader].filter(({ compatible }) => !compatible),
    );
    expect(broken.map(({ sentence }) => sentence)).toEqual(sentences);
  });

  it.each(CASES.filter(([, , , , sentences]) => sentences.some((one) => REFUSING.has(one))))(
    'the other way round: %s',
    (_name, edit, _path, verdict) => {
      const back = compatibilityOf(compareTables(edited(edit), fieldTables()));
      expect(back).toBe(MIRRORED[verdict] ?? verdict);
    },
  );
});

describe('the upgrade checklist', () => {
  it('says the order, and why each change breaks', () => {
    const now = edited(PLATINUM, ['shapes/meta/members/note', NOTE]);
    const text = upgradeChecklist(compareTables(fieldTables(), now), '1.0', '1.1');
    expect(text).toContain('# Upgrade checklist: 1.0 to 1.1');
    expect(text).toContain('1. [ ] Upgrade everything that reads');
    expect(text).toContain(
      '- [ ] `frame.qos`: one of gold, silver, bronze became one of gold, silver, bronze, platinum',
    );
    expect(text).toContain('  - old reader, new sender: "platinum" is sent, and is not known (W3)');
    expect(text).toContain('## Compatible changes\n\n- [ ] `meta.note`');
  });

  it('is Markdown of its own, whatever a description holds', () => {
    const now = edited(['flags', [...flags, 'X`\n# Done\u001b[2J']]);
    const text = upgradeChecklist(compareTables(fieldTables(), now), 'a\n# b', 'c');
    expect(text.split('\n').filter((line) => line.startsWith('# '))).toHaveLength(1);
    expect(text).not.toContain('\u001b');
  });
});

describe('a description', () => {
  it.each([
    ['not JSON', '{'],
    ['of another format', '{"format":2}'],
    ['a list', '[]'],
    ['without the frame', fieldTablesText().replace('"frame":', '"frames":')],
    ['with a shape that is not there', fieldTablesText().replace('"shape": "window"', '"shape": "windows"')],
    ['with a kind that is not known', fieldTablesText().replace('"kind": "flag"', '"kind": "date"')],
    ['with a key that is text', fieldTablesText().replace('"key": 3', '"key": "3"')],
  ])('that is %s is refused with its place', (_name, text) => {
    expect(() => readFieldTables(text)).toThrow(/is not|there/);
  });

  it('may use names that every object has', () => {
    const odd = JSON.stringify(edited(['shapes/meta/members/__proto__', NOTE], ['payloads/constructor', {}]));
    const changes = compareTables(fieldTables(), readFieldTables(odd));
    expect(changes.map(({ path }) => path)).toEqual(['meta.__proto__', 'payload constructor']);
  });
});
