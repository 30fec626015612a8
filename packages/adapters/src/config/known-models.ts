import type { PriceConfig } from './types-price.ts';
import type { Capability } from './types.ts';

/** A model that a vendor sells under a fixed id. */
export interface KnownModel {
  readonly id: string;
  readonly context: number;
  readonly max_output_tokens?: number;
  readonly capabilities: readonly Capability[];
  readonly price: Omit<PriceConfig, 'per_request_usd'>;
}

/** The month of the price lists below. */
export const KNOWN_MODELS_AS_OF: string = '2026-11';

const OPENAI_CHAT: readonly Capability[] = [
  'chat',
  'tools',
  'vision',
  'documents',
  'json_mode',
  'json_schema',
  'reasoning',
];
const CLAUDE_CHAT: readonly Capability[] = ['chat', 'tools', 'vision', 'documents', 'json_schema', 'reasoning'];
const GEMINI_CHAT: readonly Capability[] = [
  'chat',
  'tools',
  'vision',
  'audio',
  'documents',
  'json_mode',
  'json_schema',
  'reasoning',
];

/**
 * Models that are offered when only a vendor's key is known. Prices are the vendors' public list prices in November
 * 2026 (platform.claude.com/docs/en/about-claude/pricing, developers.openai.com/api/docs/pricing,
 * ai.google.dev/gemini-api/docs/pricing), US dollars per million tokens, without discounts, taxes or regional rates.
 * They change without notice: an operator who bills by them puts them into a configuration file and checks them.
 *
 * Several vendors charge a higher rate for the whole request once the prompt passes a length. One flat price cannot say
 * that, so `context` is the length up to which the price below is right, not the larger window of the model. Cache
 * writes are priced for the vendor's default lifetime. Where a list price is announced to rise, the higher one stands.
 */
export const KNOWN_MODELS: Readonly<Record<'openai' | 'anthropic' | 'gemini', readonly KnownModel[]>> = {
  openai: [
    // Above 272,000 input tokens the rates double.
    {
      id: 'gpt-6-astra',
      context: 272_000,
      max_output_tokens: 128_000,
      capabilities: OPENAI_CHAT,
      price: usd(10, 50, 1, 12.5),
    },
    {
      id: 'gpt-6.1-sol',
      context: 272_000,
      max_output_tokens: 128_000,
      capabilities: OPENAI_CHAT,
      price: usd(2, 10, 0.1, 2.5),
    },
    {
      id: 'gpt-6.1-terra',
      context: 272_000,
      max_output_tokens: 128_000,
      capabilities: OPENAI_CHAT,
      price: usd(1, 5, 0.05, 1.25),
    },
    {
      id: 'gpt-6-luna',
      context: 272_000,
      max_output_tokens: 128_000,
      capabilities: OPENAI_CHAT,
      price: usd(0.1, 0.5, 0.01, 0.125),
    },
    { id: 'text-embedding-3-small', context: 8_191, capabilities: ['embeddings'], price: usd(0.02, 0, 0.02, 0.02) },
    { id: 'text-embedding-3-large', context: 8_191, capabilities: ['embeddings'], price: usd(0.13, 0, 0.13, 0.13) },
  ],
  anthropic: [
    {
      id: 'claude-opus-5-5',
      context: 1_000_000,
      max_output_tokens: 128_000,
      capabilities: CLAUDE_CHAT,
      price: usd(4, 20, 0.2, 5),
    },
    {
      id: 'claude-sonnet-5-5',
      context: 1_000_000,
      max_output_tokens: 128_000,
      capabilities: CLAUDE_CHAT,
      price: usd(2, 10, 0.1, 2.5),
    },
    // Above 100,000 prompt tokens the rates are five times as high.
    {
      id: 'claude-haiku-5-5',
      context: 100_000,
      max_output_tokens: 100_000,
      capabilities: CLAUDE_CHAT,
      price: usd(0.1, 0.5, 0.01, 0.125),
    },
  ],
  gemini: [
    // Half of this until the end of 2026.
    {
      id: 'gemini-3.8-flash',
      context: 1_048_576,
      max_output_tokens: 65_536,
      capabilities: GEMINI_CHAT,
      price: usd(1.5, 7.5, 0.15),
    },
    // Above 200,000 prompt tokens the rates are higher. No cache rate was at hand: cached tokens count as input.
    {
      id: 'gemini-3.1-pro-preview',
      context: 200_000,
      max_output_tokens: 65_536,
      capabilities: GEMINI_CHAT,
      price: usd(2, 12),
    },
    {
      id: 'gemini-3.5-flash-lite',
      context: 1_048_576,
      max_output_tokens: 65_536,
      capabilities: GEMINI_CHAT,
      price: usd(0.3, 2.5),
    },
  ],
};

function usd(input: number, output: number, cached_input?: number, cache_write?: number): KnownModel['price'] {
  return {
    in_usd_per_mtok: input,
    out_usd_per_mtok: output,
    ...(cached_input === undefined ? {} : { cached_in_usd_per_mtok: cached_input }),
    ...(cache_write === undefined ? {} : { cache_write_usd_per_mtok: cache_write }),
  };
}
