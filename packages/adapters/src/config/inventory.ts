import type { Draft, Path } from './problem.ts';
import { shorten } from './problem.ts';
import { locate, shown, valueAt } from './shape.ts';
import type { Located } from './source.ts';
import { suggest } from './suggest.ts';

/** One entry of a list in the file: whatever is there, right or wrong. */
export interface Row {
  readonly path: Path;
  readonly value: Readonly<Record<string, unknown>>;
}

/**
 * The names in a file that may be wrong elsewhere. References are checked on the raw data, so that a dangling name is
 * reported in the same pass as a bad price.
 */
export interface Inventory {
  readonly data: unknown;
  readonly root: Located;
  readonly providers: readonly Row[];
  readonly models: readonly Row[];
  readonly agents: readonly Row[];
  readonly personas: readonly Row[];
  readonly policies: readonly Row[];
  readonly tenants: readonly Row[];
  readonly provider_by_id: ReadonlyMap<string, Row>;
  readonly model_by_id: ReadonlyMap<string, Row>;
  readonly agent_by_id: ReadonlyMap<string, Row>;
  /** By `persona:<id>`, as others name them. */
  readonly persona_by_name: ReadonlyMap<string, Row>;
  readonly policy_by_id: ReadonlyMap<string, Row>;
}

export function takeInventory(data: unknown, root: Located): Inventory {
  const providers = rows(data, ['providers']);
  const models = rows(data, ['models']);
  const agents = rows(data, ['agents']);
  const personas = rows(data, ['personas']);
  const policies = rows(data, ['policies']);
  return {
    data,
    root,
    providers,
    models,
    agents,
    personas,
    policies,
    tenants: rows(data, ['tenants']),
    provider_by_id: byId(providers),
    model_by_id: byId(models),
    agent_by_id: byId(agents),
    persona_by_name: new Map([...byId(personas)].map(([id, row]) => [`persona:${id}`, row])),
    policy_by_id: byId(policies),
  };
}

export function rows(data: unknown, path: Path): Row[] {
  const list = valueAt(data, path);
  if (!Array.isArray(list)) return [];
  return list.flatMap((value: unknown, i) => (isRecord(value) ? [{ path: [...path, i], value }] : []));
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function byId(list: readonly Row[]): Map<string, Row> {
  const map = new Map<string, Row>();
  for (const row of list) {
    const id = textOf(row.value['id']);
    if (id !== undefined && !map.has(id)) map.set(id, row);
  }
  return map;
}

/** The model that is declared at a provider under this name: `<provider>/<upstream model>`. */
export function modelAt(inventory: Inventory, name: string): Row | undefined {
  return inventory.models.find(({ value }) => {
    const provider = textOf(value['provider']);
    return provider !== undefined && `${provider}/${textOf(value['upstream_model']) ?? textOf(value['id'])}` === name;
  });
}

/** The name of a model that a name leads to: itself, unless a persona or an agent has it. */
export function modelNameOf(inventory: Inventory, name: string): string {
  const agent = textOf(inventory.persona_by_name.get(name)?.value['model']) ?? name;
  return textOf(inventory.agent_by_id.get(agent)?.value['model']) ?? agent;
}

/** The declared model that a name leads to: its own, that of a persona or an agent, or that at its provider. */
export function modelOf(inventory: Inventory, name: string | undefined): Row | undefined {
  if (name === undefined) return undefined;
  const model = modelNameOf(inventory, name);
  return inventory.model_by_id.get(model) ?? modelAt(inventory, model);
}

/** A fault of a value that has the right form. `secret` leaves the value out. */
export function fault(
  inventory: Inventory,
  path: Path,
  message: string,
  expected: string,
  more: { readonly part?: 'key'; readonly secret?: true; readonly suggestion?: string | undefined } = {},
): Draft {
  const at = locate(inventory.root, path);
  const got = more.secret || more.part === 'key' ? undefined : shown(valueAt(inventory.data, path), at);
  return {
    path,
    part: more.part ?? 'value',
    kind: 'present',
    message,
    expected,
    ...(got === undefined ? {} : { got }),
    ...(more.suggestion === undefined ? {} : { suggestion: more.suggestion }),
  };
}

/** A name as written in the file: one that came from outside stays `${…}`. */
export function nameAt(inventory: Inventory, path: Path): string {
  const at = locate(inventory.root, path);
  return `"${shorten(at?.raw ?? String(valueAt(inventory.data, path)))}"`;
}

/** Whether a value stands in the file itself, so that words like it may be shown. */
export function isWritten(inventory: Inventory, path: Path): boolean {
  return locate(inventory.root, path)?.secret !== true;
}

/** The nearest of the names that stand in the file as text; one from outside may be a secret. */
export function suggestName(
  inventory: Inventory,
  path: Path,
  lists: readonly ReadonlyMap<string, Row>[],
): string | undefined {
  const value = textOf(valueAt(inventory.data, path));
  if (value === undefined || !isWritten(inventory, path)) return undefined;
  return suggest(value, writtenNames(inventory, lists));
}

const NAMES_SHOWN_MAX = 12;

export function writtenNames(inventory: Inventory, lists: readonly ReadonlyMap<string, Row>[]): string[] {
  const names = lists.flatMap((list) =>
    [...list].filter(([, row]) => isWritten(inventory, [...row.path, 'id'])).map(([id]) => id),
  );
  return [...new Set(names)];
}

export function listNames(names: readonly string[]): string {
  if (names.length === 0) return 'none is defined';
  const shown_names = names.slice(0, NAMES_SHOWN_MAX).map(shorten).join(', ');
  return names.length > NAMES_SHOWN_MAX ? `${shown_names}, …` : shown_names;
}
