import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type RecordedCall, type Recording, recordLoad, writeLoad } from '@atp-router/flow/tune';
import { adminPath, type Cli, show } from '../commands/context.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Api, withAdmin } from '../online/api.ts';
import type { OnlineOptions } from '../online/target.ts';
import { isRow, type Row, rowsOf } from '../print/table.ts';
import { count, printable } from '../print/text.ts';

export interface RecordOptions extends OnlineOptions {
  readonly out: string;
  readonly model?: string;
  readonly provider?: string;
  readonly from?: string;
  readonly to?: string;
  readonly calls: number;
  readonly objectiveMs?: number;
  readonly knee?: number;
  readonly keepNames?: boolean;
}

/** The longest page that the admin API gives. */
const PAGE_ROWS = '1000';
/** Pages that are asked for, also when few of their rows are of the provider. */
const PAGES_MAX = 1_000;

/** Asks a router for its usage records and writes them as a load. */
export function recordUsage(cli: Cli, options: RecordOptions): Promise<void> {
  return withAdmin(options, cli.terminal, async (api) => {
    const records = await usageOf(api, options);
    const { knee, objectiveMs: p95_ms, keepNames: keep_names } = options;
    const recording = recordLoad(records, {
      ...(knee === undefined ? {} : { knee }),
      ...(p95_ms === undefined ? {} : { p95_ms }),
      ...(keep_names === undefined ? {} : { keep_names }),
    });
    if (recording === undefined) {
      throw new CliError(EXIT.failed, 'no answered call is on record for this. Ask for other days or another model.');
    }
    write(resolve(cli.terminal.cwd, options.out), options.out, writeLoad(recording.load));
    const { load, skipped, cut } = recording;
    const { fleet, goal, duration_ms } = load;
    const answer = { out: options.out, calls: load.arrivals.length, skipped, cut, duration_ms, fleet, objective: goal };
    show(cli, options, answer, () => told(options.out, recording));
  });
}

/** The newest first, as the API has them; not more than were asked for. */
async function usageOf(api: Api, options: RecordOptions): Promise<readonly RecordedCall[]> {
  const { model, provider, from, to, calls } = options;
  const records: RecordedCall[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES_MAX && records.length < calls; page += 1) {
    const answer = await api.get(adminPath('usage', 'records'), { model, from, to, cursor, limit: PAGE_ROWS });
    const rows = rowsOf(answer).filter((row) => provider === undefined || row['provider'] === provider);
    records.push(...rows.map(recordOf).slice(0, calls - records.length));
    const next = isRow(answer) ? answer['next_cursor'] : undefined;
    // A cursor that does not move would never end.
    if (typeof next !== 'string' || next === cursor) break;
    cursor = next;
  }
  return records;
}

/** What is missing is a number that no load takes, so that the record is counted as skipped. */
function recordOf(row: Row): RecordedCall {
  const number = (name: string): number => (typeof row[name] === 'number' ? row[name] : Number.NaN);
  const text = (name: string): string => (typeof row[name] === 'string' ? row[name] : '');
  return {
    started_ms: number('started_ms'),
    latency_ms: number('latency_ms'),
    ttfb_ms: number('ttfb_ms'),
    tenant: text('tenant'),
    qos: text('qos'),
    outcome: text('outcome'),
    in_tokens: number('in_tokens'),
    out_tokens: number('out_tokens'),
  };
}

/** Only the user may read who called when; a load that is there is not written over. */
function write(path: string, name: string, text: string): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code = 'unknown reason' } = error as NodeJS.ErrnoException;
    const why = code === 'EEXIST' ? 'is there already. Name another file' : `cannot be written: ${code}`;
    throw new CliError(EXIT.usage, `${printable(name)} ${why}.`);
  }
}

function told(out: string, { load, skipped, cut }: Recording): string {
  const { arrivals, duration_ms, fleet, goal } = load;
  const without = skipped + cut === 0 ? '' : ` ${skipped} records could not be used, ${cut} were too many.`;
  return (
    `${count(arrivals.length, 'call')} of ${Math.round(duration_ms / 1_000)} s are in ${printable(out)}.${without}\n` +
    `The fleet is an estimate: ${fleet.knee} calls at full speed, ${fleet.fixed_ms} ms to the first token and then ` +
    `${(fleet.out_us_per_token / 1_000).toFixed(1)} ms each; objective ${Math.round(goal.p95_ms)} ms. ` +
    'Edit the first line where you know better.\n'
  );
}
