import type { PromptUsage } from '@atp-router/dialects';

/** What the journal knows of an attempt that runs. */
export interface Progress {
  readonly out_tokens: number;
  /** As reported; the estimate in the intent stands before. */
  readonly prompt: PromptUsage | undefined;
}

export const NO_PROGRESS: Progress = { out_tokens: 0, prompt: undefined };
