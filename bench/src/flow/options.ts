import { parseArgs } from 'node:util';

export const PARTS = ['replay', 'gold', 'lengths', 'flood', 'spikes', 'throughput'] as const;
export type PartName = (typeof PARTS)[number];

export interface FlowOptions {
  readonly azure: string | undefined;
  readonly mooncake: string | undefined;
  readonly parts: readonly PartName[];
  /** Virtual length of each run. */
  readonly length_ms: number;
  readonly seed: number;
  /** Of the throughput. */
  readonly rounds: number;
  readonly tenants: readonly number[];
  readonly write: boolean;
}

export const USAGE: string = `usage: npm run flow -w bench -- [options]
  --azure DIR     folder with AzureLLMInferenceTrace_conv.csv and _code.csv (AzurePublicDataset, CC-BY-4.0)
  --mooncake DIR  folder with conversation_trace.jsonl, plain or .gz (Mooncake FAST25-release, Apache-2.0)
  --parts a,b     of ${PARTS.join(',')} (default: all)
  --seconds N     virtual length of each run (default 180; 30..3600)
  --seed N        of tenants, made arrivals and lengths (default 1)
  --rounds N      interleaved rounds of the throughput (default 60; 1..10000)
  --tenants a,b   of the throughput (default 10,1000,10000,100000)
  --write         the report to docs/reports/flow.md as well`;

/** What was asked for on the command line; throws a `TypeError` or `RangeError` that says what is wrong. */
export function flowOptions(args: readonly string[]): FlowOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      azure: { type: 'string' },
      mooncake: { type: 'string' },
      parts: { type: 'string', default: PARTS.join(',') },
      seconds: { type: 'string', default: '180' },
      seed: { type: 'string', default: '1' },
      rounds: { type: 'string', default: '60' },
      tenants: { type: 'string', default: '10,1000,10000,100000' },
      write: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const wanted = values.parts.split(',');
  const unknown = wanted.find((one) => !PARTS.some((part) => part === one));
  if (unknown !== undefined) throw new RangeError(`--parts: ${unknown} is none of ${PARTS.join(', ')}`);
  return {
    azure: values.azure,
    mooncake: values.mooncake,
    parts: PARTS.filter((part) => wanted.includes(part)),
    length_ms: 1_000 * inRange('seconds', values.seconds, 30, 3_600),
    seed: inRange('seed', values.seed, 0, 2 ** 31),
    rounds: inRange('rounds', values.rounds, 1, 10_000),
    tenants: values.tenants.split(',').map((one) => inRange('tenants', one, 1, 100_000)),
    write: values.write,
  };
}

function inRange(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isInteger(value) && value >= min && value <= max) return value;
  throw new RangeError(`--${name}: a whole number from ${min} to ${max}, not ${text}`);
}
