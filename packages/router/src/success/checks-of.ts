import type { ValidatorConfig } from '@atp-router/adapters';
import type { JsonValue } from '@atp-router/kernel';
import type { CallHead } from '@atp-router/ledger';
import type { Check } from '@atp-router/routing';
import type { CallFacts, LaneFacet } from '../fanout/types.ts';

/** Those of the first entry that a call matches; none where it matches none. */
export function checksOf(
  validators: readonly ValidatorConfig[],
  { task_type, policy }: Pick<CallHead, 'task_type' | 'policy'>,
): readonly Check[] {
  const found = validators.find(
    (one) =>
      (one.task_type === undefined || one.task_type === task_type) &&
      (one.policy === undefined || one.policy === policy),
  );
  return found?.checks ?? [];
}

/** The JSON Schema that a request asks its answer to be of; undefined: none, or no check asks for it. */
export function schemaOf(checks: readonly Check[], facet: LaneFacet, call: CallFacts): JsonValue | undefined {
  if (!checks.some(({ kind }) => kind === 'schema')) return undefined;
  try {
    const { response_format: format } = facet.request(call);
    return format?.type === 'json_schema' ? format.schema : undefined;
  } catch {
    // What cannot be read asks for nothing.
    return undefined;
  }
}
