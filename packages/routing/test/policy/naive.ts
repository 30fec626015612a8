import type { RequestFacts } from '../../src/index.ts';

/**
 * What a match means, straight from its text and as slowly as it likes: `true`, `false`, or `undefined` for what rests on an
 * unknown fact. Shares no line with what is tested.
 */
export function naive(raw: unknown, names: readonly string[], facts: RequestFacts): boolean | undefined {
  const parts = Object.entries(raw as Record<string, unknown>).map(([key, value]) => {
    if (key === 'all_of') return every((value as unknown[]).map((one) => naive(one, names, facts)));
    if (key === 'any_of') return negated(every((value as unknown[]).map((one) => negated(naive(one, names, facts)))));
    if (key === 'not') return negated(naive(value, names, facts));
    if (key !== 'facts') return condition(key, value, own(key, names, facts));
    return every(
      Object.entries(value as object).map(([name, one]) => condition(name, one, facts.task?.values.get(name))),
    );
  });
  return every(parts);
}

function every(parts: readonly (boolean | undefined)[]): boolean | undefined {
  if (parts.includes(false)) return false;
  return parts.includes(undefined) ? undefined : true;
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function own(key: string, names: readonly string[], facts: RequestFacts): unknown {
  const all: Record<string, unknown> = {
    task_type: facts.task_type,
    qos: facts.qos,
    data_scope: facts.data_scopes.length > 0 ? facts.data_scopes : undefined,
    model: names,
    tenant: facts.tenant.id,
    risk: facts.task?.risk,
    languages: facts.task?.languages,
    diff_loc: facts.task?.values.get('diff_loc'),
    tool_permissions: [...(facts.rights?.tool_permissions ?? [])],
    security_groups: [...(facts.rights?.security_groups ?? [])],
  };
  return all[key];
}

const SCALES: Readonly<Record<string, readonly string[]>> = { risk: ['low', 'medium', 'high', 'critical'] };

function condition(key: string, wanted: unknown, held: unknown): boolean | undefined {
  if (held === undefined) return undefined;
  const spell = (one: unknown): string =>
    key === 'risk' || key === 'languages' ? String(one).toLowerCase() : String(one);
  const has = (one: unknown): boolean =>
    (Array.isArray(held) ? held : [held]).some((value) => String(value) === spell(one));
  if (Array.isArray(wanted)) return key === 'tool_permissions' ? wanted.every(has) : wanted.some(has);
  if (typeof wanted === 'object' && wanted !== null) {
    const { any, all = [], none = [] } = wanted as Record<'any' | 'all' | 'none', unknown[] | undefined>;
    return (any === undefined || any.some(has)) && all.every(has) && !none.some(has);
  }
  const text = String(wanted);
  if (text.startsWith('!=')) return !has(text.slice(2).trim());
  if (text.startsWith('==')) return has(text.slice(2).trim());
  const ranged = text.split('..');
  const scale = SCALES[key];
  const bound = (one: string): number => (scale === undefined ? Number(one) : scale.indexOf(one));
  const compares = /^[<>]/.test(text) || ranged.length === 2;
  if (!compares) return has(text);
  const value = scale === undefined ? held : scale.indexOf(String(held));
  if (typeof value !== 'number') return undefined;
  // A word that is not on the scale lies nowhere.
  if (value < 0 && scale !== undefined) return false;
  if (ranged.length === 2) return value >= bound(ranged[0] ?? '') && value <= bound(ranged[1] ?? '');
  const limit = bound(text.replace(/^[<>]=?/, ''));
  if (text.startsWith('>=')) return value >= limit;
  if (text.startsWith('<=')) return value <= limit;
  return text.startsWith('>') ? value > limit : value < limit;
}
