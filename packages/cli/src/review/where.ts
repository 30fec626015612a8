import type { Config } from '@atp-router/adapters';
import { CliError, EXIT } from '../exit.ts';
import { checkedKey, routerUrl } from '../online/target.ts';
import { type FoundConfig, findConfig } from '../serve/find-config.ts';
import type { Terminal } from '../terminal.ts';
import type { ReviewOptions } from './options.ts';
import { withReadyPolicy } from './ready-policy.ts';

interface Sizes {
  /** Characters of one part. */
  readonly part_chars: number;
  /** Longest answer of each reviewer, in tokens. */
  readonly out_tokens: number;
}

/** Who is asked: a router that runs, or one that is started for the review. */
export type Reviewers =
  | (Sizes & { readonly kind: 'online'; readonly url: string; readonly key: string })
  | (Sizes & { readonly kind: 'local'; readonly config: Config; readonly found: FoundConfig });

/** About 15,000 tokens, which reviewers still read with attention. */
const PART_CHARS = 48_000;
/** Long enough for reviewers that think; short of what reserves a budget for nothing. */
const OUT_TOKENS = 16_000;
/** Code has fewer characters a token than prose; rules and prompts of the reviewers take their part. */
const CHARS_PER_TOKEN = 2.5;
const PROMPT_TOKENS = 1_200;
const PART_CHARS_MIN = 1_500;

/** A router is asked where an address or a key is given, by an option or, without `--config`, by the environment. */
export async function reviewersOf(options: ReviewOptions, terminal: Terminal): Promise<Reviewers> {
  const { config: file, url, key } = options;
  if (file !== undefined && (url !== undefined || key !== undefined)) {
    throw new CliError(EXIT.usage, 'give --config for a router of its own, or --url and --key for one that runs.');
  }
  const { ATP_URL = '', ATP_API_KEY = '' } = terminal.env;
  const is_online =
    url !== undefined || key !== undefined || (file === undefined && (ATP_URL !== '' || ATP_API_KEY !== ''));
  if (!is_online) return local(options, terminal);
  if (options.models !== undefined || options.simulated === true) {
    const message =
      '--models and --simulated are for a router that is started for the review; one that runs has its policy.';
    throw new CliError(EXIT.usage, message);
  }
  const found = key ?? (ATP_API_KEY === '' ? undefined : ATP_API_KEY);
  if (found === undefined) {
    throw new CliError(EXIT.denied, 'there is no key: give one of a tenant with --key or ATP_API_KEY.');
  }
  const sizes = { part_chars: PART_CHARS, out_tokens: OUT_TOKENS };
  return {
    ...{ kind: 'online', ...sizes, url: routerUrl(options, terminal) },
    key: checkedKey(found, key === undefined ? 'ATP_API_KEY' : '--key'),
  };
}

async function local(options: ReviewOptions, terminal: Terminal): Promise<Reviewers> {
  const found = await findConfig(options.config, terminal);
  const { config, models } = await withReadyPolicy(found.config, options);
  const contexts = config.models.filter(({ id }) => models.includes(id)).map(({ context }) => context);
  return { kind: 'local', config, found, ...sizesFor(Math.min(...contexts)) };
}

/** What fits into the smallest of the models; `Infinity` where nothing is known of them. */
function sizesFor(context: number): Sizes {
  const out_tokens = Math.min(OUT_TOKENS, Math.floor(context / 4));
  const chars = Math.floor((context - out_tokens - PROMPT_TOKENS) * CHARS_PER_TOKEN);
  return { out_tokens, part_chars: Math.max(PART_CHARS_MIN, Math.min(PART_CHARS, chars)) };
}
