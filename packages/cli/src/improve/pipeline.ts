import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { CliError, EXIT } from '../exit.ts';
import { type Complain, readStep, type Step, STEP_KINDS, type StepKind } from './steps.ts';

const VERSION = 1;
const STEPS_MAX = 64;
const ID = /^[a-z][a-z0-9_-]{0,63}$/;

/** What a step hands on, and what it takes from those that it needs, in this order. */
export const TYPES: Readonly<Record<StepKind, { readonly takes: readonly StepKind[] }>> = {
  collect: { takes: [] },
  curate: { takes: ['collect'] },
  split: { takes: ['curate'] },
  train: { takes: ['split'] },
  evaluate: { takes: ['train', 'split'] },
  register: { takes: ['train', 'evaluate'] },
};

/** Steps in an order in which each comes behind those that it needs. */
export interface Pipeline {
  readonly work_dir: string;
  readonly steps: readonly Step[];
}

/** Reads a pipeline that somebody has written down. Throws `CliError` with all that is wrong. */
export function readPipeline(value: unknown, file: string): Pipeline {
  const faults: string[] = [];
  const complain: Complain = (where, what) => void faults.push(`${where}: ${what}`);
  const pipeline = read(value, complain);
  if (pipeline !== undefined && faults.length === 0) return pipeline;
  throw new CliError(EXIT.usage, `${file} is no pipeline:\n  ${faults.join('\n  ')}`);
}

function read(value: unknown, complain: Complain): Pipeline | undefined {
  if (!isJsonObject(value)) {
    complain('file', 'it has to be a mapping with version, work_dir and steps');
    return undefined;
  }
  const { version, work_dir = '.improve', steps, ...others } = value;
  for (const name of Object.keys(others)) complain(name, 'there is no such key; known are version, work_dir and steps');
  if (version !== VERSION) complain('version', `it has to be ${VERSION}, the only one known here`);
  if (typeof work_dir !== 'string' || work_dir === '') complain('work_dir', 'it has to be the name of a folder');
  if (!Array.isArray(steps) || steps.length === 0 || steps.length > STEPS_MAX) {
    complain('steps', `it has to be a list of 1 to ${STEPS_MAX} steps`);
    return undefined;
  }
  const all = (steps as readonly unknown[]).flatMap((step, at) => stepOf(step, at, complain) ?? []);
  checkNeeds(all, complain);
  return { work_dir: String(work_dir), steps: ordered(all, complain) };
}

function stepOf(value: unknown, at: number, complain: Complain): Step | undefined {
  const where = `steps[${at}]`;
  if (!isJsonObject(value)) {
    complain(where, 'it has to be a mapping with id and kind');
    return undefined;
  }
  const { id, kind, needs = [], ...settings } = value;
  if (typeof id !== 'string' || !ID.test(id)) {
    complain(`${where}.id`, 'it has to be a name of small letters, digits, "_" and "-"');
    return undefined;
  }
  if (typeof kind !== 'string' || !Object.hasOwn(TYPES, kind)) {
    complain(`${where}.kind`, `it has to be one of ${STEP_KINDS.join(', ')}`);
    return undefined;
  }
  if (!Array.isArray(needs) || !needs.every((one) => typeof one === 'string')) {
    complain(`${where}.needs`, 'it has to be a list of ids of steps');
    return undefined;
  }
  return readStep({ id, kind: kind as StepKind, needs: needs as string[] }, settings as JsonObject, complain);
}

/** Each step once, and each gets what it takes: one of each kind, and no more. */
function checkNeeds(steps: readonly Step[], complain: Complain): void {
  const by_id = new Map<string, Step>();
  for (const step of steps) {
    if (by_id.has(step.id)) complain(step.id, 'there are two steps of this id');
    by_id.set(step.id, step);
  }
  for (const { id, kind, needs } of steps) {
    const unknown = needs.filter((one) => !by_id.has(one));
    for (const one of unknown) complain(id, `it needs "${one}", and there is no such step`);
    if (unknown.length > 0) continue;
    const given = needs.map((one) => by_id.get(one)?.kind ?? '').sort();
    const { takes } = TYPES[kind];
    if (given.join() === [...takes].sort().join()) continue;
    const wanted = takes.length === 0 ? 'nothing' : takes.map((one) => `one step of kind ${one}`).join(' and ');
    complain(id, `a step of kind ${kind} needs ${wanted}; this one needs ${given.join(', ') || 'nothing'}`);
  }
}

/** Kahn 1962; of those that could come next the first in the file. */
function ordered(steps: readonly Step[], complain: Complain): readonly Step[] {
  const done = new Set<string>();
  const known = new Set(steps.map(({ id }) => id));
  const order: Step[] = [];
  let left = [...steps];
  while (left.length > 0) {
    const next = left.find(({ needs }) => needs.every((one) => done.has(one) || !known.has(one)));
    if (next === undefined) {
      complain(left[0]?.id ?? '', `it needs itself, by way of ${left.map(({ id }) => id).join(', ')}`);
      break;
    }
    done.add(next.id);
    order.push(next);
    left = left.filter((one) => one !== next);
  }
  return order;
}
