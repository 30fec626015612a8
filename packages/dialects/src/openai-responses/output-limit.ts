/** OpenAI refuses less: "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16". */
export const MAX_OUTPUT_TOKENS_MIN = 16;

/** The least limit that the provider takes at or above the one that is wanted. */
export function atLeast(max_output_tokens: number): number {
  return Math.max(MAX_OUTPUT_TOKENS_MIN, max_output_tokens);
}
