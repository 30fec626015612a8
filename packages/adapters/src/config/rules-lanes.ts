import { fault, type Inventory, isRecord, numberOf, type Row, textOf } from './inventory.ts';
import type { Draft, Path } from './problem.ts';
import { MEMBERS_DEFAULT, MEMBERS_MAX } from './schema-fanout.ts';
import { valueAt } from './shape.ts';

/** One of `fanout.agents`. */
export interface Entry {
  readonly path: Path;
  readonly value: unknown;
  /** As lanes have it. */
  readonly name: string;
  readonly count: number;
  /** Where this policy says how many; undefined: it does not. */
  readonly count_at: Path | undefined;
  readonly is_challenger: boolean;
}

export function entriesOf(inventory: Inventory, { path, value }: Row): readonly Entry[] {
  const list = valueAt(value, ['fanout', 'agents']);
  if (!Array.isArray(list)) return [];
  const is_clone_mode = valueAt(value, ['fanout', 'mode']) === 'clone';
  const seeds = valueAt(value, ['fanout', 'seeds']);
  const of_clones = valueAt(value, ['fanout', 'clones']);
  const of_mode = is_clone_mode
    ? (numberOf(of_clones) ?? (Array.isArray(seeds) ? seeds.length : undefined))
    : undefined;
  return list.map((entry: unknown, i): Entry => {
    const given = isRecord(entry) ? entry : {};
    const of_entry = textOf(given['persona']);
    const name =
      of_entry === undefined ? (textOf(given['agent'] ?? given['model'] ?? entry) ?? '') : `persona:${of_entry}`;
    const of_persona = numberOf(inventory.persona_by_name.get(name)?.value['clones']);
    const own = [...path, 'fanout', 'agents', i];
    const of_given = numberOf(given['clones']);
    const of_fanout = is_clone_mode ? numberOf(of_clones) : undefined;
    return {
      path: own,
      value: entry,
      name,
      count: of_given ?? of_mode ?? of_persona ?? 1,
      count_at:
        of_given !== undefined
          ? [...own, 'clones']
          : of_fanout !== undefined
            ? [...path, 'fanout', 'clones']
            : undefined,
      is_challenger: given['challenger'] === true,
    };
  });
}

/** How many lanes a fan-out has, and of whom. */
export function checkLanes(inventory: Inventory, row: Row, entries: readonly Entry[]): Draft[] {
  return [...lanes(inventory, row, entries), ...clones(inventory, row, entries), ...selected(inventory, row, entries)];
}

function lanes(inventory: Inventory, { path, value }: Row, entries: readonly Entry[]): Draft[] {
  const most = Math.min(MEMBERS_MAX, numberOf(valueAt(value, ['fanout', 'max_members'])) ?? MEMBERS_DEFAULT);
  const count = total(entries);
  if (count <= most || entries.some(isBeyond)) return [];
  const more = most < MEMBERS_MAX ? `, or "max_members" of up to ${MEMBERS_MAX}` : '';
  const [message, expected] = [`the fan-out has ${count} lanes, clones included`, `at most ${most}${more}`];
  const [only, second] = entries;
  if (second === undefined && only?.count_at !== undefined) return [fault(inventory, only.count_at, message, expected)];
  // That a list of so many stands there says nothing of their clones.
  const { got: _, ...rest } = fault(inventory, [...path, 'fanout', 'agents'], message, expected);
  return [rest];
}

/** So many clones have no form that a schema takes, and it says so where they are written. */
function isBeyond({ count }: Entry): boolean {
  return count > MEMBERS_MAX;
}

function selected(inventory: Inventory, { path, value }: Row, entries: readonly Entry[]): Draft[] {
  const top = numberOf(valueAt(value, ['fanout', 'select', 'top']));
  const names = new Set(entries.filter(({ is_challenger }) => !is_challenger).map(({ name }) => name));
  if (top === undefined || names.size === 0 || top <= names.size) return [];
  const message = '"top" is more than there are to choose from, clones and challengers not counted';
  return [fault(inventory, [...path, 'fanout', 'select', 'top'], message, `at most ${names.size}`)];
}

/** The most answers that may count at once: challengers are compared only, and `select` asks some of the names, with their clones. */
export function votersOf(value: unknown, entries: readonly Entry[]): number {
  const by_name = new Map<string, number>();
  for (const { name, count, is_challenger } of entries) {
    if (!is_challenger) by_name.set(name, (by_name.get(name) ?? 0) + count);
  }
  return mostAtOnce(by_name, numberOf(valueAt(value, ['fanout', 'select', 'top'])));
}

/** Lanes of those names that have most, `top` of them; undefined: of all. */
export function mostAtOnce(by_name: ReadonlyMap<string, number>, top: number | undefined): number {
  const counts = [...by_name.values()].sort((a, b) => b - a);
  return counts.slice(0, top).reduce((sum, count) => sum + count, 0);
}

export function total(entries: readonly Entry[]): number {
  return entries.reduce((sum, { count }) => sum + count, 0);
}

function clones(inventory: Inventory, { path, value }: Row, entries: readonly Entry[]): Draft[] {
  const fanout = [...path, 'fanout'];
  const seeds = valueAt(value, ['fanout', 'seeds']);
  if (valueAt(value, ['fanout', 'mode']) !== 'clone') {
    return ['clones', 'seeds'].flatMap((key) =>
      valueAt(value, ['fanout', key]) === undefined
        ? []
        : [
            fault(
              inventory,
              [...fanout, key],
              `"${key}" belongs to mode clone only`,
              `no "${key}" here, or mode: clone`,
              {
                part: 'key',
              },
            ),
          ],
    );
  }
  const [only] = entries;
  if (only === undefined || isBeyond(only)) return [];
  if (entries.length > 1) {
    const message = `mode clone asks one agent several times, and there are ${entries.length}`;
    return [fault(inventory, [...fanout, 'agents'], message, 'one entry, or mode: diverse')];
  }
  if (only.count < 2) {
    const draft = fault(
      inventory,
      [...fanout, 'clones'],
      '"clones" is missing',
      'how often the agent is asked, 2 or more',
    );
    return [{ ...draft, kind: 'absent' }];
  }
  if (!Array.isArray(seeds) || seeds.length === only.count) return [];
  const message = `there are ${seeds.length} seeds for ${only.count} clones`;
  return [fault(inventory, [...fanout, 'seeds'], message, 'one seed for each clone')];
}
