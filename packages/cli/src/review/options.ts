import type { Severity } from '@atp-router/consensus';

/** Forms in which a review is printed. */
export type Format = 'text' | 'markdown' | 'sarif' | 'json';

/** What the command line says of a review. */
export interface ReviewOptions {
  readonly policy: string;
  readonly config?: string;
  readonly url?: string;
  readonly key?: string;
  readonly models?: readonly string[];
  readonly simulated?: boolean;
  readonly format: Format;
  readonly json?: boolean;
  readonly output?: string;
  readonly failOn: Severity | 'none';
  readonly maxUsd?: number;
  readonly context: number;
  readonly maxParts: number;
  readonly paths?: readonly string[];
  readonly mask: boolean;
  readonly dryRun?: boolean;
}
