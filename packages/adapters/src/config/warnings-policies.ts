import { compileMatch, leavesOf, lintMatches, type Match, pathText } from '@atp-router/routing';
import type { ConfigWarning } from './problem.ts';
import type { Config } from './types.ts';
import { fanoutWarnings } from './warnings-fanout.ts';

/** Policies that never apply, conditions that nobody can meet, and fan-outs that are none. */
export function policyWarnings(config: Config): ConfigWarning[] {
  const matches = config.policies.map(({ id, match }) => ({
    id,
    match: match === undefined ? undefined : compileMatch(match),
  }));
  return [
    ...lintMatches(matches).map(({ policy, at, message }) => ({ path: placeOf(policy, at), message })),
    ...matches.flatMap(({ match }, i) => (match === undefined ? [] : strangers(config, i, match))),
    ...config.policies.flatMap((policy, i) => fanoutWarnings(config, policy, `policies[${i}]`)),
  ];
}

function placeOf(policy: number, at: readonly (string | number)[]): string {
  return pathText(['policies', policy, 'match', ...at]);
}

/** Words of conditions that no tenant of the file is, or has. */
function strangers({ tenants }: Config, policy: number, match: Match): ConfigWarning[] {
  // Without tenants in the file they are all made elsewhere.
  if (tenants.length === 0) return [];
  const ids = new Set(tenants.map(({ id }) => id));
  const permissions = new Set(tenants.flatMap(({ tool_permissions }) => tool_permissions));
  const groups = new Set(tenants.flatMap(({ security_groups }) => security_groups));
  const known = { tenant: ids, tool_permissions: permissions, security_groups: groups } as const;
  const said = {
    tenant: 'there is no tenant of this name in the file',
    tool_permissions: 'no tenant has this permission',
    security_groups: 'no tenant is in this group',
  } as const;
  return leavesOf(match).flatMap(({ field, test, at }) => {
    const { name } = field;
    if (field.kind !== 'own' || test.kind !== 'set') return [];
    if (name !== 'tenant' && name !== 'tool_permissions' && name !== 'security_groups') return [];
    const words = [...(test.any ?? []), ...test.all].filter((word) => !known[name].has(word));
    return words.map((word) => ({ path: placeOf(policy, at), message: `"${word}": ${said[name]}` }));
  });
}
