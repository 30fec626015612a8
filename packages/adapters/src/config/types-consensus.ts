/** Sessions of fan-outs. */
export interface ConsensusSectionConfig {
  readonly keep_answers: boolean;
  readonly aliases: AliasesConfig;
  readonly reputation: ReputationConfig;
}

export interface ReputationConfig {
  readonly half_life_hours: number;
  readonly min_samples: number;
}

/** Names that mean the same in findings: each with its aliases. */
export interface AliasesConfig {
  readonly types: Readonly<Record<string, readonly string[]>>;
  readonly severities: Readonly<Record<string, readonly string[]>>;
  readonly files: Readonly<Record<string, readonly string[]>>;
}
