import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { logNormal, seededRng } from '@atp-router/kernel';
import type { Arrival } from './model.ts';

/** Real or made arrivals and lengths, from time 0 on, in order. */
export interface Trace {
  readonly name: string;
  readonly arrivals: readonly Arrival[];
}

const AZURE = ['conv', 'code'] as const;
const MOONCAKE = 'conversation_trace.jsonl';

/** Azure LLM inference traces of 2023: `TIMESTAMP,ContextTokens,GeneratedTokens`, seven digits after the second. */
export function azureTraces(folder: string): Trace[] {
  return AZURE.map((kind) => {
    const lines = readFileSync(join(folder, `AzureLLMInferenceTrace_${kind}.csv`), 'utf8')
      .split(/\r?\n/)
      .slice(1);
    const rows = lines.filter((line) => line !== '').map((line) => line.split(','));
    return traceOf(
      `Azure ${kind}`,
      rows.map(([time = '', read, written]) => [azureTime_ms(time), Number(read), Number(written)]),
    );
  });
}

/** Mooncake's trace of conversations: JSON lines with `timestamp` in ms, `input_length`, `output_length`; plain or gzipped. */
export function mooncakeTrace(folder: string): Trace {
  const lines = readMaybeGzipped(join(folder, MOONCAKE)).split('\n');
  const rows = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, unknown>);
  return traceOf(
    'Mooncake conversations',
    rows.map((row) => [Number(row['timestamp']), Number(row['input_length']), Number(row['output_length'])]),
  );
}

/** Poisson arrivals, one in ten milliseconds, with log-normal lengths like a chat's. */
export function syntheticTrace(seed: number, calls: number): Trace {
  const rng = seededRng(seed);
  let at_ms = 0;
  const arrivals = Array.from({ length: calls }, () => {
    at_ms += -10 * Math.log(1 - rng.next());
    const in_tokens = Math.ceil(Math.min(12_000, logNormal(rng, 600, 4_000)));
    const out_tokens = Math.ceil(Math.min(1_500, logNormal(rng, 150, 600)));
    return { at_ms, in_tokens, out_tokens };
  });
  return { name: `synthetic, seed ${seed}`, arrivals };
}

function readMaybeGzipped(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
    return gunzipSync(readFileSync(`${path}.gz`)).toString('utf8');
  }
}

function azureTime_ms(time: string): number {
  const [seconds = '', fraction = '0'] = time.split('.');
  return Date.parse(`${seconds.replace(' ', 'T')}Z`) + Number(`0.${fraction}`) * 1_000;
}

/** A call that reads or writes nothing is left out: it has no length that could be replayed. */
function traceOf(name: string, rows: readonly (readonly [number, number, number])[]): Trace {
  const sorted = rows.filter(([, read, written]) => read > 0 && written > 0).sort(([a], [b]) => a - b);
  const start_ms = sorted[0]?.[0];
  if (start_ms === undefined || !sorted.every((row) => row.every(Number.isFinite))) {
    throw new Error(`${name}: no calls, or lines that are not as its SOURCE.md says`);
  }
  const arrivals = sorted.map(([at_ms, in_tokens, out_tokens]) => ({ at_ms: at_ms - start_ms, in_tokens, out_tokens }));
  return { name, arrivals };
}
