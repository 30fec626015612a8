import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isJsonObject } from '@atp-router/kernel';
import { CliError, EXIT } from '../../exit.ts';
import { printable } from '../../print/text.ts';
import { lines, unusable } from '../lines.ts';

/** A request of a trace; its prompt is known by its blocks alone. */
export interface TraceRequest {
  /** Since the trace began. */
  readonly at_ms: number;
  readonly in_tokens: number;
  readonly out_tokens: number;
  /** One number for each block of the prompt and all before it. */
  readonly blocks: readonly number[];
}

export interface Trace {
  readonly name: string;
  readonly requests: readonly TraceRequest[];
}

const SUFFIX = '_trace.jsonl.gz';
/** Of one trace: what is held at once. */
const BLOCKS_MAX = 20_000_000;

/** All traces of a folder in the layout of Mooncake (FAST 2025): `<name>_trace.jsonl.gz`, by name. */
export async function readTraces(cwd: string, folder: string): Promise<readonly Trace[]> {
  const path = resolve(cwd, folder);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new CliError(EXIT.usage, `there is no folder ${printable(folder)}.`);
  const files = readdirSync(path).filter((file) => file.endsWith(SUFFIX));
  if (files.length === 0) throw new CliError(EXIT.usage, `${printable(folder)} holds no *${SUFFIX}.`);
  const traces: Trace[] = [];
  for (const file of files.sort()) {
    const requests = await readTrace(join(path, file));
    traces.push({ name: file.slice(0, -SUFFIX.length), requests });
  }
  return traces;
}

async function readTrace(file: string): Promise<readonly TraceRequest[]> {
  const requests: TraceRequest[] = [];
  let blocks = 0;
  for await (const [line, number] of lines(file)) {
    if (line.trim() === '') continue;
    const request = requestOf(line);
    if (request === undefined)
      throw unusable(file, `line ${number} has no "timestamp", "input_length", "output_length" and "hash_ids".`);
    const before = requests.at(-1);
    if (before !== undefined && before.at_ms > request.at_ms) throw unusable(file, `line ${number} goes back in time.`);
    blocks += request.blocks.length;
    if (blocks > BLOCKS_MAX) throw unusable(file, `it has more than ${BLOCKS_MAX} blocks.`);
    requests.push(request);
  }
  if (requests.length === 0) throw unusable(file, 'it holds no request.');
  return requests;
}

function requestOf(line: string): TraceRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(value)) return undefined;
  const { timestamp, input_length, output_length, hash_ids } = value;
  if (!isCount(timestamp) || !isCount(input_length) || !isCount(output_length) || !Array.isArray(hash_ids))
    return undefined;
  const blocks = hash_ids.filter((id) => isCount(id));
  if (blocks.length !== hash_ids.length || blocks.length === 0) return undefined;
  return { at_ms: timestamp, in_tokens: input_length, out_tokens: output_length, blocks };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
