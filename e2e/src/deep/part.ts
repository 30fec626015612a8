/** One long check and what came of it. */
export interface PartResult {
  readonly name: string;
  /** How to run this part alone. */
  readonly command: string;
  /** Commit that was checked; says so when there were changes beside it. */
  readonly commit: string;
  readonly seconds: number;
  /** Label and value, in the order of the report. */
  readonly facts: readonly (readonly [string, string])[];
  /** Empty when all held. */
  readonly problems: readonly string[];
}

export interface PartOptions {
  readonly seed: number;
  /** A few seconds instead of the whole check: to see that it works. */
  readonly short: boolean;
  readonly say: (line: string) => void;
}

export type Part = (options: PartOptions) => Promise<Omit<PartResult, 'name' | 'command' | 'commit' | 'seconds'>>;
