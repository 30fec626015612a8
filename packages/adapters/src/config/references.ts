import {
  fault,
  type Inventory,
  isWritten,
  listNames,
  modelAt,
  modelOf,
  nameAt,
  type Row,
  rows,
  suggestName,
  textOf,
  writtenNames,
} from './inventory.ts';
import { type Draft, formatPath, type Path } from './problem.ts';
import { valueAt } from './shape.ts';
import { suggest } from './suggest.ts';

/** Names that are used twice, and names that point at nothing. */
export function checkReferences(inventory: Inventory): Draft[] {
  return [
    ...duplicates(inventory),
    ...reserved(inventory),
    ...pointers(inventory),
    ...chains(inventory),
    ...allowLists(inventory),
  ];
}

function duplicates(inventory: Inventory): Draft[] {
  const { providers, models, agents, personas, policies, tenants } = inventory;
  const admin_keys = rows(inventory.data, ['admin', 'keys']);
  const tenant_keys = tenants.map((tenant) => rows(inventory.data, [...tenant.path, 'keys']));
  const signing_keys = tenants.map((tenant) => rows(inventory.data, [...tenant.path, 'signing_keys']));
  const ids = [
    providers,
    [...models, ...agents],
    personas,
    policies,
    tenants,
    admin_keys,
    ...tenant_keys,
    ...signing_keys,
  ];
  return [
    ...ids.flatMap((list) => repeated(inventory, list, 'id')),
    ...repeated(inventory, [...admin_keys, ...tenant_keys.flat()], 'hash'),
  ];
}

/** Models and agents share one name space; a key's hash must be unique over all tenants, or the payer is in doubt. */
function repeated(inventory: Inventory, list: readonly Row[], field: 'id' | 'hash'): Draft[] {
  const first = new Map<string, Path>();
  const drafts: Draft[] = [];
  for (const row of list) {
    const path = [...row.path, field];
    const value = textOf(row.value[field]);
    if (value === undefined) continue;
    const before = first.get(value);
    if (before === undefined) first.set(value, path);
    else if (field === 'hash')
      drafts.push(
        fault(inventory, path, `the same key is already at ${formatPath(before)}`, 'one key in one place', {
          secret: true,
        }),
      );
    else
      drafts.push(
        fault(
          inventory,
          path,
          `id ${nameAt(inventory, path)} is already used at ${formatPath(before)}`,
          'an id that is used once',
        ),
      );
  }
  return drafts;
}

function reserved(inventory: Inventory): Draft[] {
  return [...inventory.models, ...inventory.agents].flatMap((row) => {
    const id = textOf(row.value['id']);
    if (id !== 'auto' && id?.startsWith('policy:') !== true && id?.startsWith('persona:') !== true) return [];
    return [
      fault(
        inventory,
        [...row.path, 'id'],
        `id ${nameAt(inventory, [...row.path, 'id'])} is reserved`,
        'an id other than auto, policy:… and persona:…',
      ),
    ];
  });
}

function pointers(inventory: Inventory): Draft[] {
  const drafts: Draft[] = [];
  for (const model of inventory.models) {
    const path = [...model.path, 'provider'];
    const provider = textOf(model.value['provider']);
    if (provider === undefined || inventory.provider_by_id.has(provider)) continue;
    const known = [inventory.provider_by_id];
    const expected = `the id of a provider: ${listNames(writtenNames(inventory, known))}`;
    drafts.push(
      fault(inventory, path, `no provider has the id ${nameAt(inventory, path)}`, expected, {
        suggestion: suggestName(inventory, path, known),
      }),
    );
  }
  for (const agent of inventory.agents)
    drafts.push(...target(inventory, [...agent.path, 'model'], agent.value['model'], ['model']));
  const baseline = valueAt(inventory.data, ['routing', 'baseline']);
  if (baseline !== undefined) drafts.push(...target(inventory, ['routing', 'baseline'], baseline, ['model']));
  const judge = valueAt(inventory.data, ['routing', 'judge', 'model']);
  if (judge !== undefined) drafts.push(...target(inventory, ['routing', 'judge', 'model'], judge, ['model']));
  return drafts;
}

type Kind = 'model' | 'agent' | 'persona';
/** Where whoever answers may stand, under any name. */
export const ANYBODY: readonly Kind[] = ['model', 'agent', 'persona'];

/** A name that must lead to a model (or agent, or persona), or to any model of a provider that allows it. */
export function target(inventory: Inventory, path: Path, value: unknown, kinds: readonly Kind[]): Draft[] {
  const name = textOf(value);
  if (name === undefined) return [];
  const lists = { model: inventory.model_by_id, agent: inventory.agent_by_id, persona: inventory.persona_by_name };
  // Nobody is told of personas where there are none.
  const wanted = kinds.filter((kind) => kind !== 'persona' || inventory.personas.length > 0);
  const known = wanted.map((kind) => lists[kind]);
  if (known.some((list) => list.has(name)) || passesThrough(inventory, name)) return [];
  if (modelAt(inventory, name) !== undefined) return [];
  const what = wanted.join(' or ');
  const expected = `the id of a ${what}: ${listNames(writtenNames(inventory, known))}`;
  const bare = inventory.persona_by_name.has(`persona:${name}`) && kinds.includes('persona');
  const suggestion = bare && isWritten(inventory, path) ? `persona:${name}` : suggestName(inventory, path, known);
  return [fault(inventory, path, `no ${what} has the id ${nameAt(inventory, path)}`, expected, { suggestion })];
}

/** `<provider>/<upstream model>` for a provider with `allow_any_model`. */
export function passesThrough(inventory: Inventory, name: string): boolean {
  const slash = name.indexOf('/');
  if (slash <= 0 || slash === name.length - 1) return false;
  return inventory.provider_by_id.get(name.slice(0, slash))?.value['allow_any_model'] === true;
}

/** A chain that comes back to a target it has tried would loop: the second try has the same outcome and a second bill. */
function chains(inventory: Inventory): Draft[] {
  return inventory.policies.flatMap((policy) => {
    const chain = policy.value['fallback'];
    if (!Array.isArray(chain)) return [];
    const seen = new Map<string, Path>();
    return chain.flatMap((value: unknown, i) => {
      const path = [...policy.path, 'fallback', i];
      const name = textOf(value);
      if (name === undefined) return [];
      const model = textOf(modelOf(inventory, name)?.value['id']) ?? name;
      const before = seen.get(model);
      if (before !== undefined) {
        const message = `the chain loops: ${nameAt(inventory, path)} is already at ${formatPath(before)}`;
        return [fault(inventory, path, message, 'each model once, by its own name or that of an agent')];
      }
      seen.set(model, path);
      if (name.startsWith('policy:'))
        return [fault(inventory, path, 'a policy cannot be a step of a chain', 'the id of a model or agent')];
      return target(inventory, path, name, ANYBODY);
    });
  });
}

function allowLists(inventory: Inventory): Draft[] {
  return inventory.tenants.flatMap((tenant) => {
    const list = tenant.value['models'];
    if (!Array.isArray(list)) return [];
    return list.flatMap((value: unknown, i) => {
      const name = textOf(value);
      return name === undefined ? [] : allowed(inventory, [...tenant.path, 'models', i], name);
    });
  });
}

function allowed(inventory: Inventory, path: Path, name: string): Draft[] {
  if (name === 'auto') return [];
  if (!name.startsWith('policy:')) return target(inventory, path, name, ANYBODY);
  if (inventory.policy_by_id.has(name.slice('policy:'.length))) return [];
  const known = writtenNames(inventory, [inventory.policy_by_id]).map((id) => `policy:${id}`);
  const expected = `policy:<id> of a policy: ${listNames(known)}`;
  const near = isWritten(inventory, path) ? suggest(name, known) : undefined;
  return [fault(inventory, path, `there is no ${nameAt(inventory, path)}`, expected, { suggestion: near })];
}
