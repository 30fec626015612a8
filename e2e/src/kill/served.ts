import type { LogLine } from '../upstream/log.ts';
import type { ServedUsage } from '../upstream/script.ts';

/** One request as the upstream saw it. */
export interface Exchange {
  readonly n: number;
  readonly provider: string;
  readonly status: number;
  /** Output tokens of what it wrote, as the router counts them. */
  out_tokens: number;
  /** Tokens of the prompt that it told ahead of the answer. */
  prompt_tokens?: number;
  /** Told at the end of a whole answer. */
  usage?: ServedUsage;
}

/** The upstream's log by the client request that its prompts name, each in order of arrival. */
export function servedOf(log: readonly LogLine[]): Map<string, Exchange[]> {
  const exchanges = new Map<number, Exchange>();
  const served = new Map<string, Exchange[]>();
  for (const line of log) {
    if (line.t === 'request') {
      const { n, provider, status, req } = line;
      const exchange: Exchange = { n, provider, status, out_tokens: 0 };
      exchanges.set(n, exchange);
      served.set(req, [...(served.get(req) ?? []), exchange]);
      continue;
    }
    const exchange = exchanges.get(line.n);
    if (exchange === undefined) throw new Error(`the upstream's log tells of request ${line.n}, which it never got`);
    if (line.t === 'wrote') exchange.out_tokens = line.out_tokens;
    else if (line.t === 'prompt') exchange.prompt_tokens = line.in_tokens;
    else if (line.t === 'usage') exchange.usage = line.usage;
  }
  return served;
}
