import { fault, type Inventory, modelAt, modelNameOf, nameAt, type Row, rows, textOf } from './inventory.ts';
import { isLocalProvider } from './local.ts';
import type { Draft, Path } from './problem.ts';
import { target } from './references.ts';

/** A flag that nothing enforces would be believed: what personas are held to is checked here, and the rest at each call. */
export function checkPersona(inventory: Inventory, { path, value }: Row): Draft[] {
  const model = [...path, 'model'];
  const drafts = target(inventory, model, value['model'], ['model', 'agent']);
  const flag = LOCAL_FLAGS.find((one) => has(value, one)) ?? (value['filter'] === true ? 'filter' : undefined);
  const name = textOf(value['model']);
  if (drafts.length > 0 || flag === undefined || name === undefined || isLocal(inventory, name)) return drafts;
  const message = `${nameAt(inventory, model)} is not local, but the persona is to be (${flag})`;
  return [fault(inventory, model, message, 'a model at a provider on this machine or in its private network')];
}

const LOCAL_FLAGS: readonly string[] = ['local_only', 'no_external'];

/** A name in a policy, as `rules-policies.ts` finds them. */
interface Named {
  readonly path: Path;
  readonly name: string;
  readonly by: 'fallback' | 'fanout';
  readonly is_member: boolean;
}

/** What the personas of a policy ask of the policy. */
export function checkCompliance(inventory: Inventory, asked: readonly Named[]): Draft[] {
  const strict = asked.find(({ name }) => has(inventory.persona_by_name.get(name)?.value, 'no_external'));
  const filter = asked.find(({ path }) => path.at(-1) === 'filter');
  return asked.flatMap((one): Draft[] => {
    const persona = inventory.persona_by_name.get(one.name)?.value;
    const who = nameAt(inventory, one.path);
    if (one !== filter && persona?.['filter'] === true && one.is_member) {
      return [fault(inventory, one.path, `${who} is a filter, and gives no answers`, 'its id in "fanout.filter"')];
    }
    if (one === filter && persona !== undefined && persona['filter'] !== true) {
      return [fault(inventory, one.path, `${who} is no filter`, 'a persona with "filter: true"')];
    }
    if (strict !== undefined && !isLocal(inventory, one.name)) {
      const message = `${who} is not local, but ${nameAt(inventory, strict.path)} is asked here too (no_external)`;
      return [fault(inventory, one.path, message, 'local models only, or a policy of its own')];
    }
    if (isLocal(inventory, one.name)) return [];
    if (filter !== undefined && isBesideFilter(one)) {
      const message = `${who} is not local, and the filter of the policy does not stand before it: it would never be asked`;
      return [fault(inventory, one.path, message, 'a local model, or no "filter"')];
    }
    if (!has(persona, 'filter_pii')) return [];
    if (one.by === 'fanout' && filter !== undefined) return [];
    const message = `${who} is asked behind a filter only (filter_pii)`;
    const expected =
      one.by === 'fanout' ? '"fanout.filter" with a persona that filters' : 'its place in "fanout", with a "filter"';
    return [fault(inventory, one.path, message, expected)];
  });
}

/** Who would be told the client's own words, or what others have said who were told them. */
function isBesideFilter({ path, by }: Named): boolean {
  return by === 'fallback' || path.at(-1) === 'judge' || path.at(-2) === 'arbiter';
}

function has(persona: Row['value'] | undefined, flag: string): boolean {
  const flags = persona?.['compliance'];
  return Array.isArray(flags) && flags.includes(flag);
}

/** Unknown names are faults of their own, and count as local here. */
function isLocal(inventory: Inventory, name: string): boolean {
  const model = modelNameOf(inventory, name);
  const declared = inventory.model_by_id.get(model) ?? modelAt(inventory, model);
  const id = textOf(declared?.value['provider']) ?? model.slice(0, Math.max(0, model.indexOf('/')));
  const provider = inventory.provider_by_id.get(id)?.value;
  return provider === undefined || isLocalProvider(textOf(provider['type']), textOf(provider['base_url']));
}

/** What a tenant does not have, its keys cannot have. */
export function checkRights(inventory: Inventory): Draft[] {
  return inventory.tenants.flatMap((tenant) =>
    rows(inventory.data, [...tenant.path, 'keys']).flatMap((key) =>
      ['tool_permissions', 'security_groups'].flatMap((right) => {
        const [own, most] = [key.value[right], tenant.value[right]];
        if (!Array.isArray(own)) return [];
        const granted = Array.isArray(most) ? most : [];
        return own.flatMap((one: unknown, i) => {
          if (granted.includes(one)) return [];
          const path = [...key.path, right, i];
          const message = `${nameAt(inventory, path)} is not among the "${right}" of the tenant`;
          return [fault(inventory, path, message, 'one that the tenant has')];
        });
      }),
    ),
  );
}
