import type { Api } from '../online/api.ts';
import type { Terminal } from '../terminal.ts';

/** What steps work with. */
export interface StepTools {
  readonly api: Api;
  readonly terminal: Terminal;
  /** Folder of the pipeline's file. */
  readonly base_dir: string;
}
