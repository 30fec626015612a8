import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject } from '@atp-router/kernel';
import { type Candidate, curate, type Segment } from '@atp-router/routing';
import { CliError, EXIT } from '../exit.ts';
import { collect } from '../observations/collect.ts';
import { DATASET_FILE, sha256 } from '../observations/curate.ts';
import {
  EVAL_FILE,
  type FineTuneJob,
  JOB_FILE,
  readMetrics,
  readTrainResult,
  TRAIN_FILE,
  type TrainResult,
} from './job.ts';
import type { Draft, Output } from './outputs.ts';
import { register } from './register.ts';
import { runCommand } from './run-command.ts';
import type { Step, StepKind } from './steps.ts';
import type { StepTools } from './tools.ts';

/** Outputs of the steps that one needs, by their kinds. */
export type Inputs = ReadonlyMap<StepKind, Output>;

type Facts = Output['facts'];

const SEGMENTS_FILE = 'segments.json';
const CANDIDATES_FILE = 'observations.jsonl';

/** Does a step, with its files in `draft`. What it returns is what those that need it go by. */
export async function doStep(step: Step, inputs: Inputs, draft: Draft, tools: StepTools): Promise<Facts> {
  switch (step.kind) {
    case 'collect':
      return collected(step.settings.tenant, draft, tools);
    case 'curate': {
      const from = input(inputs, 'collect');
      const candidates = linesOf<Candidate>(readIn(from, CANDIDATES_FILE));
      const segments = JSON.parse(readIn(from, SEGMENTS_FILE)) as Segment[];
      const { jsonl, manifest } = curate(candidates, segments, step.settings, sha256);
      draft.write(DATASET_FILE, jsonl);
      return { manifest: JSON.parse(JSON.stringify(manifest)) };
    }
    case 'split':
      return split(input(inputs, 'curate'), step.settings.eval_share, draft);
    case 'train':
      return train(step, input(inputs, 'split'), draft, tools);
    case 'evaluate':
      return evaluate(step, inputs, draft, tools);
    case 'register': {
      const result = resultOf(input(inputs, 'train'));
      const { job_sha256, dataset_sha256 } = input(inputs, 'train').facts;
      const note = `fine-tune job ${String(job_sha256)}, dataset ${String(dataset_sha256)}`;
      return register(step.settings, result, note, tools);
    }
  }
}

async function collected(tenant: string | undefined, draft: Draft, { api }: StepTools): Promise<Facts> {
  const { segments, candidates } = await collect(api, tenant);
  draft.write(SEGMENTS_FILE, JSON.stringify(segments));
  draft.write(CANDIDATES_FILE, candidates.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return { observations: candidates.length };
}

/** By the hash of the prompt, so that equal ones are on one side, whatever else is there. */
function split(from: Output, eval_share: number, draft: Draft): Facts {
  const lines = readIn(from, DATASET_FILE).split('\n').slice(0, -1);
  const is_eval = (line: string): boolean => {
    const { prompt_hash } = JSON.parse(line) as { readonly prompt_hash: string };
    return Number.parseInt(sha256(prompt_hash).slice(0, 8), 16) / 2 ** 32 < eval_share;
  };
  const sides = { [TRAIN_FILE]: lines.filter((line) => !is_eval(line)), [EVAL_FILE]: lines.filter(is_eval) };
  for (const [file, side] of Object.entries(sides)) draft.write(file, side.map((line) => `${line}\n`).join(''));
  if (sides[TRAIN_FILE]?.length === 0) throw new CliError(EXIT.failed, 'there is no example to train with.');
  const { manifest = {} } = from.facts;
  return { manifest, train: sides[TRAIN_FILE]?.length ?? 0, eval: sides[EVAL_FILE]?.length ?? 0 };
}

async function train(
  { settings }: Extract<Step, { kind: 'train' }>,
  from: Output,
  draft: Draft,
  tools: StepTools,
): Promise<Facts> {
  const { base_model, lora, epochs, learning_rate, seed } = settings;
  const manifest = isJsonObject(from.facts['manifest']) ? from.facts['manifest'] : {};
  const dataOf = (file: string, examples: unknown) => {
    const text = readIn(from, file);
    draft.write(file, text);
    return { file, sha256: sha256(text), examples: Number(examples) };
  };
  const job: FineTuneJob = {
    ...{ version: 1, base_model, method: 'lora', lora, epochs, learning_rate, seed },
    dataset: {
      sha256: String(manifest['dataset_sha256']),
      train: dataOf(TRAIN_FILE, from.facts['train']),
      eval: dataOf(EVAL_FILE, from.facts['eval']),
    },
    provenance: {
      segments: (manifest['segments'] ?? []) as unknown as readonly Segment[],
      settings: isJsonObject(manifest['settings']) ? manifest['settings'] : {},
    },
  };
  const text = `${JSON.stringify(job, undefined, 2)}\n`;
  draft.write(JOB_FILE, text);
  await runCommand(settings, draft.dir, tools.terminal.env, { ATP_BASE_DIR: tools.base_dir });
  const result = readTrainResult(draft.dir);
  return { result: { ...result }, job_sha256: sha256(text), dataset_sha256: job.dataset.sha256 };
}

async function evaluate(
  { settings }: Extract<Step, { kind: 'evaluate' }>,
  inputs: Inputs,
  draft: Draft,
  tools: StepTools,
): Promise<Facts> {
  const result = resultOf(input(inputs, 'train'));
  let { metrics } = result;
  if (settings.evaluator !== undefined) {
    draft.write(EVAL_FILE, readIn(input(inputs, 'split'), EVAL_FILE));
    draft.write(JOB_FILE, `${JSON.stringify(result, undefined, 2)}\n`);
    await runCommand(settings.evaluator, draft.dir, tools.terminal.env, { ATP_BASE_DIR: tools.base_dir });
    metrics = readMetrics(draft.dir);
  }
  const short = Object.entries(settings.min).filter(([name, min]) => !((metrics[name] ?? -Infinity) >= min));
  if (short.length > 0) {
    const why = short
      .map(([name, min]) => `${name} is ${metrics[name] ?? 'not told'}, and has to be ${min}`)
      .join('; ');
    throw new CliError(EXIT.failed, `the model "${result.model}" is not good enough: ${why}. Nothing was registered.`);
  }
  return { metrics };
}

function resultOf({ facts }: Output): TrainResult {
  return facts['result'] as unknown as TrainResult;
}

/** The pipeline was checked: each step has what it takes. */
function input(inputs: Inputs, kind: StepKind): Output {
  const found = inputs.get(kind);
  if (found === undefined) throw new Error(`there is no output of kind ${kind}`);
  return found;
}

function readIn({ dir }: Output, file: string): string {
  return readFileSync(join(dir, file), 'utf8');
}

function linesOf<T>(text: string): readonly T[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as T);
}
