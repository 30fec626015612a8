import { AtpError, isAtpError, isJsonObject, nanosToMicros } from '@atp-router/kernel';
import { boundsOf, type CostBounds, PolicyView, questionOf } from '@atp-router/router';
import { type Cli, show } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { count, printable } from '../print/text.ts';
import { table } from '../print/table.ts';
import { readText } from '../read-file.ts';
import { findConfig } from '../serve/find-config.ts';
import { boundsText } from './print.ts';

export interface SimulateOptions {
  readonly config?: string;
  readonly requests: string;
  readonly json?: boolean;
}

/** A day of a busy router; more is a sample of it anyway. */
const LINES_MAX = 200_000;
/** Lines that are named; the rest are counted. */
const LINES_SHOWN_MAX = 20;

/** Lines that share something: how many, and the first of them, counted from 1. */
interface Lines {
  readonly count: number;
  readonly first: readonly number[];
}

interface Simulation {
  readonly requests: number;
  readonly policies: readonly { readonly policy: string | null; readonly lines: Lines; readonly bounds: CostBounds }[];
  readonly refused: readonly { readonly code: string; readonly message: string; readonly lines: Lines }[];
  readonly total: CostBounds;
}

/** Holds recorded requests against the policies of a file. The same file and lines give the same answer. */
export async function simulatePolicies(cli: Cli, options: SimulateOptions): Promise<void> {
  const { config } = await findConfig(options.config, cli.terminal);
  const text = await readText(options.requests, cli.terminal);
  const result = simulate(new PolicyView(config), text, options.requests);
  show(cli, options, reportOf(result), () => simulationText(result));
}

function simulate(view: PolicyView, text: string, file: string): Simulation {
  // Policies stand in the order of the file, with what comes under none behind them.
  const by_policy = new Map<string | undefined, { lines: Lines; bounds: CostBounds }>();
  const refused = new Map<string, { code: string; message: string; lines: Lines }>();
  let [requests, total] = [0, NOTHING];
  for (const [number, line] of linesOf(text, file)) {
    requests += 1;
    const decision = decided(view, line, `${file}, line ${number}`);
    const bounds = boundsOf(view, decision);
    total = added(total, bounds);
    const id = decision.policy?.id;
    const before = by_policy.get(id);
    by_policy.set(id, { lines: counted(before?.lines, number), bounds: added(before?.bounds ?? NOTHING, bounds) });
    if (decision.routed.ok) continue;
    const { code, message } = decision.routed.error;
    refused.set(`${code} ${message}`, {
      code,
      message,
      lines: counted(refused.get(`${code} ${message}`)?.lines, number),
    });
  }
  const order = view.policyIds();
  const policies = [...order, undefined].map((id) => {
    const found = by_policy.get(id) ?? { lines: { count: 0, first: [] }, bounds: NOTHING };
    return { policy: id ?? null, ...found };
  });
  return { requests, policies, refused: [...refused.values()], total };
}

function decided(view: PolicyView, line: string, where: string): ReturnType<PolicyView['decide']> {
  try {
    const body: unknown = JSON.parse(line);
    if (!isJsonObject(body)) throw new AtpError('invalid_request', 'It is no JSON object.');
    return view.decide(questionOf(body));
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'It is not JSON.' : isAtpError(error) ? error.message : undefined;
    if (reason === undefined) throw error;
    throw new CliError(EXIT.usage, `${where} is no request: ${printable(reason)}`, error);
  }
}

function* linesOf(text: string, file: string): Generator<readonly [number: number, line: string]> {
  let [number, start, requests] = [0, 0, 0];
  while (start < text.length) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? undefined : end);
    start = end < 0 ? text.length : end + 1;
    number += 1;
    if (line.trim() === '') continue;
    requests += 1;
    if (requests > LINES_MAX) throw new CliError(EXIT.usage, `${file} has more than ${LINES_MAX} requests.`);
    yield [number, line];
  }
}

const NOTHING: CostBounds = { calls_low: 0, calls_high: 0, usd_nanos_low: 0, usd_nanos_high: 0 };

function added(a: CostBounds, b: CostBounds): CostBounds {
  const is_bounded = a.usd_nanos_high !== undefined && b.usd_nanos_high !== undefined;
  return {
    calls_low: a.calls_low + b.calls_low,
    calls_high: a.calls_high + b.calls_high,
    usd_nanos_low: a.usd_nanos_low + b.usd_nanos_low,
    usd_nanos_high: is_bounded ? (a.usd_nanos_high ?? 0) + (b.usd_nanos_high ?? 0) : undefined,
  };
}

function counted(lines: Lines | undefined, number: number): Lines {
  const { count: before, first } = lines ?? { count: 0, first: [] };
  return { count: before + 1, first: first.length < LINES_SHOWN_MAX ? [...first, number] : first };
}

function reportOf({ requests, policies, refused, total }: Simulation): object {
  const numbers = ({ calls_low, calls_high, usd_nanos_low, usd_nanos_high }: CostBounds): object => ({
    calls: [calls_low, calls_high],
    cost_usd_micros: [
      nanosToMicros(usd_nanos_low),
      usd_nanos_high === undefined ? null : nanosToMicros(usd_nanos_high),
    ],
  });
  return {
    requests,
    policies: policies.map(({ policy, lines, bounds }) => ({
      policy,
      requests: lines.count,
      lines: lines.first,
      ...numbers(bounds),
    })),
    refused: refused.map(({ code, message, lines }) => ({ code, message, requests: lines.count, lines: lines.first })),
    ...numbers(total),
  };
}

function simulationText({ requests, policies, refused, total }: Simulation): string {
  const rows = policies.map(({ policy, lines, bounds }) => ({
    policy: policy ?? '(none)',
    requests: lines.count,
    share: requests === 0 ? '-' : `${((lines.count * 100) / requests).toFixed(1)} %`,
    bounds: boundsText(bounds),
  }));
  const none = policies.find(({ policy }) => policy === null)?.lines;
  return [
    `${count(requests, 'request')}\n`,
    table(rows, [
      ['POLICY', 'policy'],
      ['REQUESTS', 'requests'],
      ['SHARE', 'share'],
      ['ASKS AND COSTS', 'bounds'],
    ]),
    `all: ${boundsText(total)}\n`,
    none === undefined || none.count === 0 ? '' : `no policy applies to ${linesText(none)}\n`,
    ...refused.map(({ code, message, lines }) => `refused (${code}), ${linesText(lines)}: ${printable(message)}\n`),
  ].join('');
}

function linesText({ count: all, first }: Lines): string {
  const more = all > first.length ? `, and ${all - first.length} more` : '';
  return `${all === 1 ? 'line' : 'lines'} ${first.join(', ')}${more}`;
}
