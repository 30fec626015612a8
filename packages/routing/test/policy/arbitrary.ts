import fc from 'fast-check';
import type { FactValue, RequestFacts } from '../../src/index.ts';
import { facts } from '../fixtures.ts';

const word = fc.constantFrom('a', 'b', 'c', 'Low', 'high', 'critical', 'gold', '7', '10', '2.5');
const risk = fc.constantFrom('low', 'medium', 'high', 'critical', 'odd');
const number = fc.constantFrom(-3, 0, 2.5, 7, 10, 40);
const words = fc.uniqueArray(word, { minLength: 1, maxLength: 3 });

const set = fc.oneof(
  word,
  words,
  fc.record({ any: words, all: words, none: words }, { requiredKeys: [] }).filter((one) => Object.keys(one).length > 0),
  word.map((one) => `!=${one}`),
  word.map((one) => `== ${one}`),
);
const compared = fc.oneof(
  fc.tuple(fc.constantFrom('>', '>=', '<', '<=', '==', '!='), number).map(([operator, value]) => `${operator}${value}`),
  fc.tuple(number, number).map(([a, b]) => `${a}..${b}`),
  number,
);
const ordered = fc.oneof(
  fc
    .tuple(fc.constantFrom('>', '>=', '<', '<='), fc.constantFrom('low', 'medium', 'high', 'critical'))
    .map(([o, r]) => `${o}${r}`),
  fc.constantFrom('low..high', 'high..low', 'medium..critical'),
  risk,
);

const leaves: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  task_type: set,
  tenant: set,
  data_scope: set,
  model: set,
  languages: set,
  tool_permissions: set,
  security_groups: set,
  risk: ordered,
  diff_loc: compared,
  facts: fc
    .record({ x: fc.oneof(compared, set), y: set }, { requiredKeys: [] })
    .filter((one) => Object.keys(one).length > 0),
};

type Raw = Readonly<Record<string, unknown>>;

/** Few conditions at once, or hardly any would hold. */
const some: fc.Arbitrary<Raw> = fc
  .subarray(Object.entries(leaves), { maxLength: 2 })
  .chain((entries): fc.Arbitrary<Raw> => fc.record(Object.fromEntries(entries)));

/** A match within another says something. */
const said = (match: fc.Arbitrary<Raw>): fc.Arbitrary<Raw> =>
  fc.oneof(match, some).filter((one) => Object.keys(one).length > 0);

function nested(levels: number): fc.Arbitrary<Raw> {
  if (levels === 0) return some;
  const part = said(nested(levels - 1));
  const parts = fc.array(part, { minLength: 1, maxLength: 3 });
  const branch: fc.Arbitrary<Raw> = fc.oneof(
    parts.map((all_of) => ({ all_of })),
    parts.map((any_of) => ({ any_of })),
    part.map((not) => ({ not })),
  );
  return fc.tuple(some, branch).map(([conditions, one]): Raw => ({ ...conditions, ...one }));
}

/** Any match that is right, as it would stand in a file. */
export const rawMatch: fc.Arbitrary<Raw> = fc.oneof(some, nested(1), nested(3));

const fact: fc.Arbitrary<FactValue> = fc.oneof(number, word, fc.boolean(), words);

/** Any request, with much of it unknown. */
export const anyFacts: fc.Arbitrary<RequestFacts> = fc
  .record({
    tenant: fc.constantFrom('a', 'b'),
    task_type: fc.option(word, { nil: undefined }),
    data_scopes: fc.uniqueArray(word, { maxLength: 2 }),
    risk: fc.option(risk, { nil: undefined }),
    languages: fc.option(fc.uniqueArray(fc.constantFrom('a', 'b', 'high'), { maxLength: 2 }), { nil: undefined }),
    values: fc.dictionary(fc.constantFrom('diff_loc', 'x', 'y'), fact),
    permissions: fc.uniqueArray(word, { maxLength: 3 }),
    groups: fc.uniqueArray(word, { maxLength: 3 }),
  })
  .map(({ tenant, task_type, data_scopes, risk: of_task, languages, values, permissions, groups }) =>
    facts({
      tenant: { id: tenant },
      task_type,
      data_scopes,
      task: { risk: of_task, languages, values: new Map(Object.entries(values)) },
      rights: { tool_permissions: new Set(permissions), security_groups: new Set(groups) },
    }),
  );

export const anyNames: fc.Arbitrary<readonly string[]> = fc.uniqueArray(word, { minLength: 1, maxLength: 2 });
