import { dirname, resolve } from 'node:path';
import { readDocument } from '@atp-router/adapters/config';
import { closedSegments } from '../observations/collect.ts';
import type { Api } from '../online/api.ts';
import { readText } from '../read-file.ts';
import type { Terminal } from '../terminal.ts';
import { doStep } from './do-step.ts';
import { type Address, addressOf, canonical, type Output, Outputs } from './outputs.ts';
import { type Pipeline, readPipeline, TYPES } from './pipeline.ts';
import type { Step, StepKind } from './steps.ts';
import type { StepTools } from './tools.ts';

/** What becomes of a step. */
export interface Planned {
  readonly id: string;
  readonly kind: StepKind;
  readonly does: 'runs' | 'kept';
  readonly why: string;
  /** Observations, examples or what else it has come to, as far as it is known. */
  readonly facts: Output['facts'];
}

export interface Improvement {
  readonly pipeline: Pipeline;
  readonly base_dir: string;
  readonly outputs: Outputs;
}

export async function openImprovement(file: string, terminal: Terminal): Promise<Improvement> {
  const pipeline = readPipeline(readDocument(await readText(file, terminal)), file);
  const base_dir = dirname(resolve(terminal.cwd, file));
  return { pipeline, base_dir, outputs: new Outputs(resolve(base_dir, pipeline.work_dir)) };
}

/** What a run would do, and why. Nobody is asked but the router for what it has. */
export async function plan({ pipeline, outputs }: Improvement, api: Api): Promise<readonly Planned[]> {
  const source = await sourceOf(api);
  const last = outputs.lastRuns();
  const done = new Map<string, Output | undefined>();
  return pipeline.steps.map((step) => {
    const waits = step.needs.find((id) => done.get(id) === undefined);
    if (waits !== undefined) {
      done.set(step.id, undefined);
      return { id: step.id, kind: step.kind, does: 'runs', why: `it needs ${waits}, which runs`, facts: {} };
    }
    const address = addressFor(step, done, pipeline, source);
    const found = outputs.find(address.key);
    done.set(step.id, found);
    const { facts = {} } = found ?? {};
    const why = found === undefined ? reason(address, last[step.id]) : 'nothing of it has changed';
    return { id: step.id, kind: step.kind, does: found === undefined ? 'runs' : 'kept', why, facts };
  });
}

/** Does what has changed, in order; the first step that fails ends it. `told` hears of each step when it is done. */
export async function run(
  { pipeline, base_dir, outputs }: Improvement,
  api: Api,
  terminal: Terminal,
  told: (step: Planned) => void,
): Promise<void> {
  const tools: StepTools = { api, terminal, base_dir };
  const source = await sourceOf(api);
  const last = outputs.lastRuns();
  const done = new Map<string, Output | undefined>();
  for (const step of pipeline.steps) {
    const address = addressFor(step, done, pipeline, source);
    const found = outputs.find(address.key);
    const output = found ?? (await make(step, address, done, pipeline, outputs, tools));
    if (found === undefined) outputs.noteRun(step.id, address);
    done.set(step.id, output);
    const why = found === undefined ? reason(address, last[step.id]) : 'nothing of it has changed';
    told({ id: step.id, kind: step.kind, does: found === undefined ? 'runs' : 'kept', why, facts: output.facts });
  }
}

async function make(
  step: Step,
  { key }: Address,
  done: ReadonlyMap<string, Output | undefined>,
  pipeline: Pipeline,
  outputs: Outputs,
  tools: StepTools,
): Promise<Output> {
  const draft = outputs.draft();
  try {
    return draft.keep(key, await doStep(step, new Map(inputsOf(step, done, pipeline)), draft, tools));
  } catch (error) {
    draft.drop();
    throw error;
  }
}

function addressFor(
  step: Step,
  done: ReadonlyMap<string, Output | undefined>,
  pipeline: Pipeline,
  source: string,
): Address {
  const inputs = inputsOf(step, done, pipeline).map(([, { digest }]) => digest);
  return addressOf(step, inputs, TYPES[step.kind].takes.length === 0 ? source : '');
}

/** In the order in which the kind takes them. */
function inputsOf(
  { kind, needs }: Step,
  done: ReadonlyMap<string, Output | undefined>,
  { steps }: Pipeline,
): readonly (readonly [StepKind, Output])[] {
  return TYPES[kind].takes.flatMap((taken) => {
    const id = needs.find((one) => steps.some((step) => step.id === one && step.kind === taken));
    const output = id === undefined ? undefined : done.get(id);
    return output === undefined ? [] : [[taken, output] as const];
  });
}

/** What the router has: the same files have the same observations. */
async function sourceOf(api: Api): Promise<string> {
  return canonical(await closedSegments(api));
}

function reason(now: Address, before: Address | undefined): string {
  if (before === undefined) return 'it has not run';
  const changed = [
    ...(before.settings_digest === now.settings_digest ? [] : ['its settings have changed']),
    ...(before.inputs_digest === now.inputs_digest ? [] : ['what it is made from has changed']),
  ];
  return changed.length === 0 ? 'its output is not there any more' : changed.join(', and ');
}
