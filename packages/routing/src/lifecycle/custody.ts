/** The steps of a model's life in the order in which they are taken for one manifest. */
export const CUSTODY_STEPS = ['build', 'scan', 'sign', 'deploy', 'promote', 'demote', 'rollback', 'retire'] as const;

export type CustodyStep = (typeof CUSTODY_STEPS)[number];

export interface CustodyEntry {
  readonly step: CustodyStep;
  /** Hex SHA-256 of the manifest that it is about; absent: there is none. */
  readonly manifest_hash?: string | undefined;
  readonly by: string;
  readonly note: string;
  readonly at_ms: number;
}

/** What has to stand before a step, where signatures are required. */
const NEEDS: Partial<Record<CustodyStep, CustodyStep>> = { deploy: 'sign', promote: 'deploy' };

/**
 * Why a step may not be taken; undefined: it may. What was built, scanned or signed after its deployment is another thing
 * and needs a manifest of its own; a signature is of a manifest; what is retired comes back by a rollback or anew. With
 * `required` a manifest is deployed only when it was signed, and a model promoted only when its manifest was deployed.
 */
export function custodyRefusal(
  log: readonly CustodyEntry[],
  step: CustodyStep,
  manifest_hash: string | undefined,
  required: boolean,
): string | undefined {
  const of_this = log.filter((entry) => entry.manifest_hash === manifest_hash);
  const has = (one: CustodyStep): boolean => of_this.some((entry) => entry.step === one);
  const what = manifest_hash === undefined ? 'a model without a manifest' : `manifest ${manifest_hash.slice(0, 12)}…`;
  if (step === 'sign' && manifest_hash === undefined) return 'there is no manifest that could be signed';
  if ((step === 'build' || step === 'scan' || step === 'sign') && has('deploy')) {
    return `${what} is deployed; a further "${step}" needs a manifest of its own`;
  }
  const last = of_this.at(-1)?.step;
  if (last === 'retire' && step !== 'rollback') {
    return `${what} is retired; only a rollback brings it back`;
  }
  const need = required ? NEEDS[step] : undefined;
  if (need === undefined || has(need)) return undefined;
  return `"${step}" of ${what} needs "${need}" before it (registry.require), and there is none`;
}
