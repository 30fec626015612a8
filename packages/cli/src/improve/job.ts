import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import type { Segment } from '@atp-router/routing';
import { CliError, EXIT } from '../exit.ts';
import type { TrainSettings } from './steps.ts';

export const JOB_FILE = 'job.json';
export const RESULT_FILE = 'result.json';
export const TRAIN_FILE = 'train.jsonl';
export const EVAL_FILE = 'eval.jsonl';
const RESULT_BYTES_MAX = 1_048_576;

/** What a trainer is asked for. Its files are in the same folder, and there it writes its result. */
export interface FineTuneJob {
  readonly version: 1;
  readonly base_model: string;
  readonly method: 'lora';
  readonly lora: TrainSettings['lora'];
  readonly epochs: number;
  readonly learning_rate: number;
  readonly seed: number;
  readonly dataset: {
    /** Of the whole dataset, as its manifest has it. */
    readonly sha256: string;
    readonly train: DataFile;
    readonly eval: DataFile;
  };
  /** Where the dataset is from. */
  readonly provenance: { readonly segments: readonly Segment[]; readonly settings: JsonObject };
}

export interface DataFile {
  readonly file: string;
  readonly sha256: string;
  readonly examples: number;
}

/** What a trainer says that it has made. */
export interface TrainResult {
  readonly model: string;
  readonly upstream_model: string;
  readonly weights_sha256: string;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Throws `CliError` with what is wrong. */
export function readTrainResult(dir: string): TrainResult {
  const value = readResult(dir, 'trainer');
  const { model, upstream_model, weights_sha256 } = value;
  const faults = [
    ...(isName(model) ? [] : ['"model" has to be a name']),
    ...(isName(upstream_model) ? [] : ['"upstream_model" has to be a name']),
    ...(typeof weights_sha256 === 'string' && /^[0-9a-f]{64}$/.test(weights_sha256)
      ? []
      : ['"weights_sha256" has to be 64 lower-case hex digits']),
  ];
  if (faults.length > 0) throw wrong('trainer', faults.join(', '));
  const metrics = metricsIn(value, 'trainer');
  return {
    model: String(model),
    upstream_model: String(upstream_model),
    weights_sha256: String(weights_sha256),
    metrics,
  };
}

export function readMetrics(dir: string): Readonly<Record<string, number>> {
  return metricsIn(readResult(dir, 'evaluator'), 'evaluator');
}

function readResult(dir: string, who: string): JsonObject {
  const path = join(dir, RESULT_FILE);
  let value: unknown;
  try {
    if (statSync(path).size > RESULT_BYTES_MAX) throw wrong(who, `it has more than ${RESULT_BYTES_MAX} bytes`);
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw wrong(who, 'it is not there, or is not JSON');
  }
  if (isJsonObject(value)) return value;
  throw wrong(who, 'it is no mapping');
}

function metricsIn({ metrics }: JsonObject, who: string): Readonly<Record<string, number>> {
  const is_right = isJsonObject(metrics) && Object.values(metrics).every((one) => Number.isFinite(one));
  if (is_right && Object.keys(metrics).length <= 256) return metrics as Record<string, number>;
  throw wrong(who, '"metrics" has to be a mapping of at most 256 names to numbers');
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,127}$/.test(value);
}

function wrong(who: string, why: string): CliError {
  return new CliError(EXIT.failed, `the ${who}'s ${RESULT_FILE} cannot be used: ${why}.`);
}
