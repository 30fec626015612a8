import { CliError, EXIT } from '../exit.ts';
import type { Api } from '../online/api.ts';
import { isRow, type Row } from '../print/table.ts';
import { printable } from '../print/text.ts';
import { findingsIn, type ReviewFinding } from './finding.ts';
import type { Part } from './parts.ts';
import { promptOf } from './prompt.ts';

/** What became of one part. */
export type PartResult =
  | (PartFacts & { readonly kind: 'reviewed'; readonly findings: readonly ReviewFinding[] })
  /** It was answered, but by nobody in a form in which findings could be read. */
  | (PartFacts & { readonly kind: 'unread' })
  /** One agent has answered, whose findings nobody has read: a review needs several, and what the router makes of theirs. */
  | (PartFacts & { readonly kind: 'alone' })
  | { readonly kind: 'failed'; readonly why: string };

interface PartFacts {
  readonly strategy: string;
  readonly agreement: number | undefined;
  readonly uncertainties: readonly string[];
  readonly why: readonly string[];
  readonly lanes: readonly { readonly source: string; readonly model: string; readonly state: string }[];
  readonly cost_usd_micros: number;
  /** The answers were invented by the simulator. */
  readonly simulated: boolean;
}

export interface AskOptions {
  readonly policy: string;
  /** Most that all parts together may cost, US dollars; each may cost the same part of it. */
  readonly max_usd: number | undefined;
  readonly diff_loc: number;
  /** Longest answer of each reviewer, in tokens. */
  readonly out_tokens: number;
}

/** Parts that are asked at once. */
const WIDTH = 2;
const LINES_MAX = 64;

/** Asks for all parts, a few at a time. Results are in the order of parts. */
export async function askParts(api: Api, parts: readonly Part[], options: AskOptions): Promise<readonly PartResult[]> {
  const results: PartResult[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next; i < parts.length; i = next) {
      next += 1;
      const part = parts[i];
      if (part !== undefined) results[i] = await askPart(api, part, i, parts.length, options);
    }
  };
  await Promise.all(Array.from({ length: Math.min(WIDTH, parts.length) }, work));
  return results;
}

async function askPart(api: Api, part: Part, i: number, of: number, options: AskOptions): Promise<PartResult> {
  const { policy, max_usd, diff_loc, out_tokens } = options;
  const content = promptOf(part, { n: i + 1, of });
  const body = {
    model: `policy:${policy}`,
    messages: [{ role: 'user', content }],
    max_completion_tokens: out_tokens,
  };
  const headers = {
    'x-atp-task-type': 'code_review',
    'x-atp-facts': `diff_loc=${diff_loc}`,
    ...(max_usd === undefined ? {} : { 'x-atp-max-usd': shareOf(max_usd, of) }),
  };
  try {
    const answer = await api.send({ method: 'POST', path: '/v1/chat/completions', body, headers });
    const cost = Number(answer.header('x-atp-cost-usd-micros') ?? 0);
    return resultOf(answer.json, cost, answer.header('x-atp-simulated') === 'true');
  } catch (error) {
    // Without a router, or without a right to ask it, the other parts would fare no better.
    if (!(error instanceof CliError) || error.exit_code !== EXIT.failed) throw error;
    return { kind: 'failed', why: error.message };
  }
}

const MICROS_PER_USD = 1_000_000;

/** As the header takes it: a decimal number without an exponent, never more than the part. */
function shareOf(max_usd: number, parts: number): string {
  return (Math.floor((max_usd * MICROS_PER_USD) / parts) / MICROS_PER_USD).toFixed(6);
}

function resultOf(json: unknown, cost_usd_micros: number, simulated: boolean): PartResult {
  const atp = isRow(json) && isRow(json['atp']) ? json['atp'] : {};
  const consensus = isRow(atp['consensus']) ? atp['consensus'] : undefined;
  if (consensus === undefined) return { kind: 'alone', ...factsOf({}, cost_usd_micros, simulated) };
  const facts = factsOf(consensus, cost_usd_micros, simulated);
  const findings = findingsIn(consensus['findings']);
  return findings === undefined ? { kind: 'unread', ...facts } : { kind: 'reviewed', ...facts, findings };
}

function factsOf(consensus: Row, cost_usd_micros: number, simulated: boolean): PartFacts {
  const { agreement, strategy, lanes } = consensus;
  return {
    strategy: typeof strategy === 'string' ? printable(strategy) : '',
    agreement: typeof agreement === 'number' ? agreement : undefined,
    uncertainties: lines(consensus['uncertainties']),
    why: lines(consensus['why']),
    lanes: (Array.isArray(lanes) ? lanes.slice(0, LINES_MAX).filter(isRow) : []).map((lane) => ({
      source: String(lane['source'] ?? ''),
      model: typeof lane['model'] === 'string' ? lane['model'] : '',
      state: String(lane['state'] ?? ''),
    })),
    cost_usd_micros: Number.isFinite(cost_usd_micros) ? cost_usd_micros : 0,
    simulated,
  };
}

function lines(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.slice(0, LINES_MAX).filter((one) => typeof one === 'string') : [];
}
