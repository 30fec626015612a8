import {
  STRATEGIES,
  STRATEGY_KINDS,
  STRATEGY_OF_MODE,
  type StrategyKind,
  TRIGGER_KINDS,
  TRIGGERS,
} from '@atp-router/consensus';
import { fault, type Inventory, isRecord, nameAt, numberOf, type Row, textOf } from './inventory.ts';
import type { Draft, Path } from './problem.ts';
import { ANYBODY, target } from './references.ts';
import { checkLanes, type Entry, entriesOf, total, votersOf } from './rules-lanes.ts';
import { AMONG_DEFAULT } from './schema-fanout.ts';
import { valueAt } from './shape.ts';
import { suggestName } from './inventory.ts';

/** What spans several keys of a fan-out: who is asked, how often, and whether the strategy can do with them. */
export function checkFanout(inventory: Inventory, row: Row): Draft[] {
  const entries = entriesOf(inventory, row);
  return [
    ...entries.flatMap((entry) => who(inventory, entry)),
    ...checkLanes(inventory, row, entries),
    ...temperatures(inventory, row),
    ...strategy(inventory, row, entries),
    ...provisional(inventory, row, entries),
    ...others(inventory, row),
  ];
}

const WHO = ['persona', 'agent', 'model'] as const;

function who(inventory: Inventory, { path, value }: Entry): Draft[] {
  if (!isRecord(value)) return target(inventory, path, value, ANYBODY);
  const given = WHO.filter((key) => value[key] !== undefined);
  const [key, second] = given;
  if (key === undefined) return [fault(inventory, path, 'nobody is named', 'one of persona, agent and model')];
  if (second !== undefined) {
    const message = `"${second}" beside "${key}": it is not clear who is meant`;
    return [fault(inventory, [...path, second], message, 'one of persona, agent and model', { part: 'key' })];
  }
  const own = [...path, key];
  if (key !== 'persona') return target(inventory, own, value[key], [key]);
  return persona(inventory, own, textOf(value[key]));
}

/** A place where only a persona can stand, by its id. */
function persona(inventory: Inventory, path: Path, id: string | undefined): Draft[] {
  if (id === undefined || inventory.persona_by_name.has(`persona:${id}`)) return [];
  const ids = new Map(inventory.personas.map((row) => [String(row.value['id']), row]));
  const expected = 'the id of a persona in "personas"';
  const suggestion = suggestName(inventory, path, [ids]);
  return [fault(inventory, path, `no persona has the id ${nameAt(inventory, path)}`, expected, { suggestion })];
}

function temperatures(inventory: Inventory, { path, value }: Row): Draft[] {
  const at = ['fanout', 'temperature'];
  const [min, max] = [numberOf(valueAt(value, [...at, 'min'])), numberOf(valueAt(value, [...at, 'max']))];
  if (min === undefined || max === undefined || min <= max) return [];
  return [fault(inventory, [...path, ...at, 'max'], '"max" is below "min"', `at least ${min}`)];
}

/** The strategies that may run: the one of the policy, or those that `adaptive` chooses among. */
function kindsOf(value: unknown): readonly string[] {
  const mode = textOf(valueAt(value, ['fanout', 'mode'])) ?? 'diverse';
  const kind = textOf(valueAt(value, ['consensus', 'strategy'])) ?? ofMode(mode);
  if (kind !== 'adaptive') return [kind];
  const among = valueAt(value, ['consensus', 'among']);
  return [kind, ...(Array.isArray(among) ? among.map(String) : AMONG_DEFAULT)];
}

/** Of a mode that may be none: the schema has told then. */
function ofMode(mode: string): StrategyKind {
  return Object.entries(STRATEGY_OF_MODE).find(([name]) => name === mode)?.[1] ?? STRATEGY_OF_MODE.diverse;
}

function strategy(inventory: Inventory, { path, value }: Row, entries: readonly Entry[]): Draft[] {
  const own = [...path, 'consensus'];
  const kinds = kindsOf(value);
  const given = (key: string): unknown => valueAt(value, ['consensus', key]);
  const voters = total(entries.filter(({ is_challenger }) => !is_challenger));
  const absent = (at: Path, message: string, expected: string): Draft => ({
    ...fault(inventory, at, message, expected),
    kind: 'absent',
  });
  const drafts: Draft[] = [];
  if (entries.length > 0 && voters === 0) {
    const message = 'all are challengers, and there is nobody to challenge';
    drafts.push(fault(inventory, [...path, 'fanout', 'agents'], message, 'at least one that is none'));
  } else if (kinds.includes('champion') && voters === total(entries)) {
    const message = 'the strategy champion has no challenger';
    drafts.push(fault(inventory, [...path, 'fanout', 'agents'], message, 'an entry with "challenger: true"'));
  }
  if (kinds.includes('judge') && given('judge') === undefined) {
    drafts.push(
      absent([...own, 'judge'], 'the strategy judge has nobody to judge', '"judge" with the name of who does'),
    );
  }
  if (kinds.includes('arbiter') && value['arbiter'] === undefined) {
    drafts.push(absent([...path, 'arbiter'], 'the strategy arbiter has no arbiter', 'an "arbiter" with an agent'));
  }
  const heard = votersOf(value, entries);
  if (kinds.includes('two_phase') && heard < 2 && given('judge') === undefined) {
    const message = 'the strategy two_phase has nobody for the second ACK';
    drafts.push(absent([...own, 'judge'], message, 'a second member, or "judge"'));
  }
  if (given('judge') !== undefined && !kinds.includes('judge') && !kinds.includes('two_phase')) {
    const message = `"judge" has nothing to do in the strategy ${kinds[0]}`;
    drafts.push(
      fault(inventory, [...own, 'judge'], message, 'no "judge" here, or strategy judge or two_phase', { part: 'key' }),
    );
  }
  return [
    ...drafts,
    ...quorum(inventory, own, kinds, given('quorum'), heard),
    ...among(inventory, own, kinds, given('among')),
  ];
}

function quorum(inventory: Inventory, own: Path, kinds: readonly string[], value: unknown, voters: number): Draft[] {
  const votes = numberOf(value);
  if (votes === undefined) return [];
  const at = [...own, 'quorum'];
  if (!kinds.includes('majority')) {
    return [
      fault(inventory, at, `"quorum" has no meaning in the strategy ${kinds[0]}`, 'no "quorum" here', { part: 'key' }),
    ];
  }
  if (votes <= voters) return [];
  return [fault(inventory, at, '"quorum" is more than there are votes', `at most ${voters}`)];
}

/** Those that only count what there is: of the others nobody knows what they would have made of it. */
const ADAPTIVE_AMONG: readonly string[] = STRATEGY_KINDS.filter((kind) => STRATEGIES[kind].decides_alone);

function among(inventory: Inventory, own: Path, kinds: readonly string[], value: unknown): Draft[] {
  if (!kinds.includes('adaptive') || !Array.isArray(value)) return [];
  const at = [...own, 'among'];
  const wrong = value.findIndex((kind) => !ADAPTIVE_AMONG.includes(String(kind)));
  if (wrong >= 0) {
    const message =
      value[wrong] === 'adaptive'
        ? 'adaptive cannot choose itself'
        : `adaptive learns of what strategies make of the same answers, and ${value[wrong]} does not decide by answers alone`;
    return [fault(inventory, [...at, wrong], message, `one of ${ADAPTIVE_AMONG.join(', ')}`)];
  }
  if (new Set(value).size >= 2) return [];
  return [fault(inventory, at, 'there is nothing to choose', 'at least two strategies')];
}

function provisional(inventory: Inventory, { path, value }: Row, entries: readonly Entry[]): Draft[] {
  const given = value['provisional'];
  if (!isRecord(given)) return [];
  const own = [...path, 'provisional'];
  if (given['quorum_min'] === undefined && given['agree_min'] === undefined) {
    return [fault(inventory, own, '"provisional" never happens', '"quorum_min", "agree_min" or both')];
  }
  const least = numberOf(given['quorum_min']);
  const count = votersOf(value, entries);
  if (least === undefined || least <= count) return [];
  return [fault(inventory, [...own, 'quorum_min'], '"quorum_min" is more than there are votes', `at most ${count}`)];
}

/** Whoever is asked beyond the lanes. */
function others(inventory: Inventory, { path, value }: Row): Draft[] {
  const drafts = [
    ...persona(inventory, [...path, 'fanout', 'filter'], textOf(valueAt(value, ['fanout', 'filter']))),
    ...target(inventory, [...path, 'consensus', 'judge'], valueAt(value, ['consensus', 'judge']), ANYBODY),
    ...target(inventory, [...path, 'arbiter', 'agent'], valueAt(value, ['arbiter', 'agent']), ANYBODY),
  ];
  const list = value['escalation'];
  for (const [i, entry] of (Array.isArray(list) ? list : []).entries()) {
    if (!isRecord(entry)) continue;
    const at = [...path, 'escalation', i];
    drafts.push(...target(inventory, [...at, 'to'], entry['to'], ANYBODY));
    const yes_or_no = TRIGGER_KINDS.find((kind) => kind === entry['when'] && TRIGGERS[kind].below === undefined);
    if (yes_or_no !== undefined && entry['threshold'] !== undefined) {
      const message = `"threshold" has no meaning for ${yes_or_no}: it holds or not`;
      drafts.push(fault(inventory, [...at, 'threshold'], message, 'no "threshold" here', { part: 'key' }));
    }
  }
  return drafts;
}
