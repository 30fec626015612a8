import { isJsonObject, type JsonObject } from '@atp-router/kernel';
import { CURATE_DEFAULTS, type CurateSettings } from '@atp-router/routing';

export const STEP_KINDS = ['collect', 'curate', 'split', 'train', 'evaluate', 'register'] as const;
export type StepKind = (typeof STEP_KINDS)[number];

export type Complain = (where: string, what: string) => void;

export interface StepHead {
  readonly id: string;
  readonly kind: StepKind;
  readonly needs: readonly string[];
}

/** A program that is started without a shell. */
export interface Command {
  readonly command: readonly string[];
  /** Names of variables that it gets, beside PATH. */
  readonly env: readonly string[];
  readonly timeout_s: number;
}

export interface TrainSettings extends Command {
  readonly base_model: string;
  readonly lora: { readonly rank: number; readonly alpha: number; readonly dropout: number };
  readonly epochs: number;
  readonly learning_rate: number;
  readonly seed: number;
}

export interface EvaluateSettings {
  /** Absent: the metrics that the trainer says. */
  readonly evaluator?: Command | undefined;
  /** What each metric has to be at least. */
  readonly min: Readonly<Record<string, number>>;
}

export interface RegisterSettings {
  /** As `atp models put` takes it; its status and upstream model are not the file's to say. */
  readonly model: JsonObject;
  readonly manifest: JsonObject;
  readonly sign?: { readonly key: string; readonly signer: string } | undefined;
}

export type Step = StepHead &
  (
    | { readonly kind: 'collect'; readonly settings: { readonly tenant?: string | undefined } }
    | { readonly kind: 'curate'; readonly settings: CurateSettings }
    | { readonly kind: 'split'; readonly settings: { readonly eval_share: number } }
    | { readonly kind: 'train'; readonly settings: TrainSettings }
    | { readonly kind: 'evaluate'; readonly settings: EvaluateSettings }
    | { readonly kind: 'register'; readonly settings: RegisterSettings }
  );

const ARGS_MAX = 256;
const TIMEOUT_S_MAX = 604_800;

/** A step with its settings, and what they are where the file does not say. */
export function readStep(head: StepHead, given: JsonObject, complain: Complain): Step | undefined {
  const settings = new Settings(head.id, given, complain);
  const step = stepOf(head, settings);
  settings.end();
  return step;
}

function stepOf(head: StepHead, settings: Settings): Step {
  switch (head.kind) {
    case 'collect':
      return { ...head, kind: 'collect', settings: { tenant: settings.optional('tenant') } };
    case 'curate':
      return { ...head, kind: 'curate', settings: curateSettings(settings) };
    case 'split':
      return { ...head, kind: 'split', settings: { eval_share: settings.number('eval_share', 0, 0.9, 0.1) } };
    case 'train':
      return { ...head, kind: 'train', settings: trainSettings(settings) };
    case 'evaluate': {
      const evaluator = settings.has('command') ? commandOf(settings) : undefined;
      return { ...head, kind: 'evaluate', settings: { evaluator, min: settings.numbers('min') } };
    }
    case 'register': {
      const sign = settings.part('sign');
      const signing = sign && { key: sign.text('key'), signer: sign.text('signer') };
      sign?.end();
      return {
        ...{ ...head, kind: 'register' },
        settings: { model: settings.mapping('model'), manifest: settings.mapping('manifest'), sign: signing },
      };
    }
  }
}

function curateSettings(settings: Settings): CurateSettings {
  const { jaccard, per_topic, chars_max, removed_max } = CURATE_DEFAULTS;
  return {
    ...(settings.has('min_score') && { min_score: settings.number('min_score', 0, 1, 0) }),
    jaccard: settings.number('jaccard', 0.05, 1, jaccard),
    per_topic: settings.whole('per_topic', 1, 1_000_000, per_topic),
    chars_max: settings.whole('chars_max', 1, 65_536, chars_max),
    removed_max: settings.whole('removed_max', 0, 1_000, removed_max),
  };
}

function trainSettings(settings: Settings): TrainSettings {
  const lora = settings.part('lora') ?? settings.none();
  const read = { rank: lora.whole('rank', 1, 1_024, 16), alpha: lora.number('alpha', 0.001, 4_096, 32) };
  const dropout = lora.number('dropout', 0, 0.99, 0.05);
  lora.end();
  return {
    ...commandOf(settings),
    base_model: settings.text('base_model'),
    lora: { ...read, dropout },
    epochs: settings.number('epochs', 0.01, 1_000, 3),
    learning_rate: settings.number('learning_rate', 1e-9, 10, 0.0002),
    seed: settings.whole('seed', 0, 2_147_483_647, 1),
  };
}

function commandOf(settings: Settings): Command {
  return {
    command: settings.texts('command', 1),
    env: settings.texts('env', 0),
    timeout_s: settings.number('timeout_s', 0.01, TIMEOUT_S_MAX, 3_600),
  };
}

/** Keys of one mapping, each asked for once; what nobody has asked for is a fault. */
class Settings {
  readonly #where: string;
  readonly #given: JsonObject;
  readonly #complain: Complain;
  readonly #asked: Set<string> = new Set();

  constructor(where: string, given: JsonObject, complain: Complain) {
    this.#where = where;
    this.#given = given;
    this.#complain = complain;
  }

  has(name: string): boolean {
    return this.#take(name) !== undefined;
  }

  optional(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  text(name: string): string {
    const value = this.#take(name);
    if (typeof value === 'string' && value !== '' && value.length <= 4_096) return value;
    return this.#wrong(name, 'a text', '');
  }

  texts(name: string, min: number): readonly string[] {
    const value = this.#take(name) ?? (min === 0 ? [] : undefined);
    if (Array.isArray(value) && value.length >= min && value.length <= ARGS_MAX) {
      if (value.every((one) => typeof one === 'string' && !one.includes('\0'))) return value as string[];
    }
    return this.#wrong(name, `a list of ${min} to ${ARGS_MAX} texts`, []);
  }

  number(name: string, min: number, max: number, fallback: number): number {
    const value = this.#take(name) ?? fallback;
    if (typeof value === 'number' && value >= min && value <= max) return value;
    return this.#wrong(name, `a number from ${min} to ${max}`, fallback);
  }

  whole(name: string, min: number, max: number, fallback: number): number {
    const value = this.number(name, min, max, fallback);
    return Number.isInteger(value) ? value : this.#wrong(name, 'a whole number', fallback);
  }

  numbers(name: string): Readonly<Record<string, number>> {
    const value = this.mapping(name, {});
    if (Object.values(value).every((one) => typeof one === 'number')) return value as Record<string, number>;
    return this.#wrong(name, 'a mapping of names to numbers', {});
  }

  mapping(name: string, fallback?: JsonObject): JsonObject {
    const value = this.#take(name) ?? fallback;
    return isJsonObject(value) ? value : this.#wrong(name, 'a mapping', {});
  }

  part(name: string): Settings | undefined {
    if (!this.has(name)) return undefined;
    return new Settings(`${this.#where}.${name}`, this.mapping(name), this.#complain);
  }

  none(): Settings {
    return new Settings(this.#where, {}, this.#complain);
  }

  end(): void {
    for (const name of Object.keys(this.#given)) {
      if (this.#asked.has(name)) continue;
      this.#complain(`${this.#where}.${name}`, `there is no such key; known are ${[...this.#asked].join(', ')}`);
    }
  }

  #take(name: string): unknown {
    this.#asked.add(name);
    return Object.hasOwn(this.#given, name) ? this.#given[name] : undefined;
  }

  #wrong<T>(name: string, expected: string, fallback: T): T {
    this.#complain(`${this.#where}.${name}`, `it has to be ${expected}`);
    return fallback;
  }
}
