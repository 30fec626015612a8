import { Belief, type BeliefSettings } from './belief.ts';
import { BIAS, type Layout } from './layout.ts';
import { accordBelief, commonBelief, ownBelief } from './settings.ts';
import { inverseOf } from './solve.ts';
import type { RegressionSums } from './sums.ts';

/** What is known of the weights of one regression by its own sums: their covariance, and precision times what they say. */
interface Posterior {
  readonly covariance: Float64Array;
  readonly pull: Float64Array;
}

/** What is believed of one model: of its own, and how unsure what is common to all leaves it. */
export interface ModelBelief {
  /** Its weights, with those common to all, and the covariance of what sets it apart. */
  readonly own: Belief;
  /** Covariance of the common weights as far as it matters to this model: where much is known of it, little. */
  readonly common: Belief;
}

/** One model as far as its own sums go. */
export interface ModelPart extends Posterior {
  readonly n: number;
  readonly better: number;
}

/** Undefined where sums are none that observations can have made. */
function posteriorOf(
  { spreads, noise }: BeliefSettings,
  sums: RegressionSums,
  means: Float64Array,
): Posterior | undefined {
  const { dims } = sums;
  const matrix = new Float64Array(dims * dims);
  const pull = new Float64Array(dims);
  for (let i = 0; i < dims; i += 1) {
    const precision = (spreads[i] ?? 1) ** -2;
    pull[i] = (pull[i] ?? 0) + precision * (means[i] ?? 0) + (sums.b[i] ?? 0) / noise;
    for (let j = 0; j <= i; j += 1) matrix[i * dims + j] = (sums.a[(i * (i + 1)) / 2 + j] ?? 0) / noise;
    matrix[i * dims + i] = (matrix[i * dims + i] ?? 0) + precision;
  }
  const covariance = inverseOf(matrix, dims);
  return covariance === undefined ? undefined : { covariance, pull };
}

function times(matrix: Float64Array, vector: Float64Array): Float64Array {
  const dims = vector.length;
  const product = new Float64Array(dims);
  for (let i = 0; i < dims; i += 1) {
    let sum = 0;
    for (let j = 0; j < dims; j += 1) sum += (matrix[i * dims + j] ?? 0) * (vector[j] ?? 0);
    product[i] = sum;
  }
  return product;
}

/** A regression of its own (Bishop 2006, 3.50 and 3.51). */
export function beliefOf(settings: BeliefSettings, sums: RegressionSums): Belief | undefined {
  const posterior = posteriorOf(settings, sums, settings.means);
  if (posterior === undefined) return undefined;
  const { covariance, pull } = posterior;
  return new Belief(times(covariance, pull), Float32Array.from(covariance));
}

/** How often two say the same. */
export function accordOf(layout: Layout, sums: RegressionSums): Belief | undefined {
  return beliefOf(accordBelief(layout), sums);
}

export function modelPart(layout: Layout, sums: RegressionSums): ModelPart | undefined {
  const settings = ownBelief(layout);
  const better = sums.n > 0 ? sums.better / sums.n : 0;
  const means = settings.means.slice();
  means[BIAS] = (means[BIAS] ?? 0) + better;
  const posterior = posteriorOf(settings, sums, means);
  return posterior === undefined ? undefined : { ...posterior, n: sums.n, better };
}

/** What all models have in common, and of each what it comes to with that. */
export interface Pooled {
  /** Of one of whom nothing is known, beside how much better than the average model it is expected to be. */
  readonly unknown: ModelBelief;
  readonly models: ReadonlyMap<string, ModelBelief>;
  /** What they were made of, and how much had been seen when it was last worked out how unsure each leaves what is common. */
  readonly parts: ReadonlyMap<string, ModelPart>;
  readonly seen: number;
}

/** What is common has become surer by more than little when so much more has been seen. */
const SEEN_GROWTH = 1.1;

/**
 * Outcomes are the sum of weights that are common to all models and of a model's own, both unknown (partial pooling: Gelman, Hill
 * 2006, 12). Worked out exactly, each model's own weights being integrated out of what is known of the common ones, so that
 * neither the order of observations nor that of models matters. With Λ the prior precision of a model's own weights, S their
 * covariance behind its sums, it knows of the common weights as much as Λ − ΛSΛ. `before`: as it was; what little has changed of
 * the spread of is taken from there.
 */
export function pooled(layout: Layout, parts: ReadonlyMap<string, ModelPart>, before?: Pooled): Pooled {
  const { dims } = layout;
  const [common, own] = [commonBelief(layout), ownBelief(layout)];
  const prior = own.spreads.map((spread) => spread ** -2);
  const names = [...parts.keys()].sort();
  const precision = new Float64Array(dims * dims);
  const pull = new Float64Array(dims);
  for (let i = 0; i < dims; i += 1) {
    const sure = (common.spreads[i] ?? 1) ** -2;
    precision[i * dims + i] = sure;
    pull[i] = sure * (common.means[i] ?? 0);
  }
  for (const name of names) addPart(precision, pull, prior, parts.get(name) as ModelPart);
  const covariance = inverseOf(precision, dims) ?? diagonal(common.spreads);
  const weights = times(covariance, pull);
  const all = names.reduce((sum, name) => sum + (parts.get(name)?.n ?? 0), 0);
  const is_near = before !== undefined && all < SEEN_GROWTH * before.seen && all > before.seen / SEEN_GROWTH;
  const models = new Map<string, ModelBelief>();
  for (const name of names) {
    const part = parts.get(name) as ModelPart;
    const kept = is_near && before.parts.get(name) === part ? before.models.get(name) : undefined;
    models.set(name, { own: totalOf(part, prior, weights), common: kept?.common ?? commonOf(part, prior, covariance) });
  }
  const alone = diagonal(own.spreads);
  const unknown = { own: new Belief(weights, alone), common: new Belief(new Float64Array(dims), covariance) };
  return { unknown, models, parts, seen: is_near ? before.seen : all };
}

function addPart(precision: Float64Array, pull: Float64Array, prior: Float64Array, part: ModelPart): void {
  const dims = prior.length;
  const said = times(part.covariance, part.pull);
  for (let i = 0; i < dims; i += 1) {
    const sure = prior[i] ?? 0;
    const row = i * dims;
    // What its observations say beside what was expected of its own weights.
    pull[i] = (pull[i] ?? 0) + sure * ((said[i] ?? 0) - (i === BIAS ? part.better : 0));
    precision[row + i] = (precision[row + i] ?? 0) + sure;
    for (let j = 0; j < dims; j += 1)
      precision[row + j] = (precision[row + j] ?? 0) - sure * (part.covariance[row + j] ?? 0) * (prior[j] ?? 0);
  }
}

/** Its weights with the common ones, and how unsure its own are. */
function totalOf(part: ModelPart, prior: Float64Array, common: Float64Array): Belief {
  const pull = part.pull.map((one, i) => one + (prior[i] ?? 0) * (common[i] ?? 0));
  return new Belief(times(part.covariance, pull), part.covariance);
}

/** How unsure what is common leaves it: SΛ times the covariance of that times ΛS. */
function commonOf(part: ModelPart, prior: Float64Array, covariance: Float64Array): Belief {
  const dims = prior.length;
  const left = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i += 1) {
    for (let k = 0; k < dims; k += 1) {
      const factor = (part.covariance[i * dims + k] ?? 0) * (prior[k] ?? 0);
      if (factor === 0) continue;
      for (let j = 0; j < dims; j += 1)
        left[i * dims + j] = (left[i * dims + j] ?? 0) + factor * (covariance[k * dims + j] ?? 0);
    }
  }
  const both = new Float32Array(dims * dims);
  for (let i = 0; i < dims; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = 0;
      for (let k = 0; k < dims; k += 1)
        sum += (left[i * dims + k] ?? 0) * (prior[k] ?? 0) * (part.covariance[j * dims + k] ?? 0);
      both[i * dims + j] = sum;
      both[j * dims + i] = sum;
    }
  }
  return new Belief(new Float64Array(dims), both);
}

function diagonal(spreads: Float64Array): Float64Array {
  const dims = spreads.length;
  const matrix = new Float64Array(dims * dims);
  for (let i = 0; i < dims; i += 1) matrix[i * dims + i] = (spreads[i] ?? 0) ** 2;
  return matrix;
}
