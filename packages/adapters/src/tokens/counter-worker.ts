import { parentPort } from 'node:worker_threads';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

export interface CountRequest {
  readonly id: number;
  readonly texts: readonly string[];
}

export interface CountReply {
  readonly id: number;
  readonly tokens: number;
}

// Prompts are text, never control tokens: what looks like one is counted as the text it is.
const PLAIN = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };

parentPort?.on('message', ({ id, texts }: CountRequest) => {
  let tokens = 0;
  for (const text of texts) tokens += countTokens(text, PLAIN);
  parentPort?.postMessage({ id, tokens } satisfies CountReply);
});
