import { type Regret, regretOf } from '@atp-router/consensus';
import type { Rng } from '@atp-router/kernel';
import { type Dataset, isRight, type Prompt } from './dataset.ts';
import { isHeldOut } from './held-out.ts';
import type { Gain } from './judge.ts';
import { bootstrap, type Calibration, calibration, type Estimate, mean } from './measure.ts';

/** What became of one prompt; a run is a list of them in the order in which they came. */
export interface Scored {
  /** Of the prompt in the data set. */
  readonly place: number;
  readonly score: number;
  readonly confidence: number;
  /** Members that were asked. */
  readonly asked: readonly number[];
  /** Its right answer was told afterwards. */
  readonly is_told: boolean;
  /** Of the strategies that there were to choose among. */
  readonly gains: readonly Gain[];
}

/** Parts of right answers, 0 to 1, among some of the prompts. */
export interface Part {
  readonly part: string;
  readonly prompts: number;
  readonly accuracy: number;
  /** All votes equal; of tied answers each is taken as often as the others. */
  readonly majority: number;
  /** The member that is best over all prompts. */
  readonly best_member: number;
  /** Any member was right. */
  readonly oracle: number;
}

/** With the interval of the accuracy, and of paired differences, prompt by prompt. */
export interface MeasuredPart extends Part {
  readonly interval: Estimate | null;
  readonly over_majority: Estimate | null;
  readonly over_best_member: Estimate | null;
  /** Over the run that it is held against: of other members, or of all members weighted; null where there is none. */
  readonly over_baseline: Estimate | null;
}

export interface Report {
  readonly version: 1;
  readonly options: Readonly<Record<string, unknown>>;
  readonly prompts: number;
  /** In the order in which they vote; `weight` after the last prompt. */
  readonly members: readonly { readonly model: string; readonly accuracy: number; readonly weight: number | null }[];
  readonly best_member: string;
  readonly parts: readonly MeasuredPart[];
  readonly categories: readonly Part[];
  readonly calls: { readonly per_prompt: number; readonly share: number };
  /** As far as lengths of answers are known. */
  readonly tokens: { readonly per_prompt: number; readonly share: number } | null;
  /** Of `adaptive`, on prompts that are held out: what it chose, and what each strategy taken always would have gained more. */
  readonly regret: Regret | null;
  readonly calibration: { readonly all: Calibration; readonly last_half: Calibration };
}

/** A prompt with what it comes to under each way to answer. */
interface Row {
  readonly prompt: Prompt;
  readonly scored: Scored;
  readonly is_late: boolean;
  readonly majority: number;
  readonly best_member: number;
  readonly oracle: number;
  readonly baseline: number | undefined;
}

export function report(
  options: Readonly<Record<string, unknown>>,
  { models, prompts }: Dataset,
  { records, baseline }: { readonly records: readonly Scored[]; readonly baseline: readonly Scored[] | undefined },
  weights: readonly (number | undefined)[],
  rng: Rng,
): Report {
  const accuracies = models.map((_, model) =>
    mean(prompts.map((prompt) => (isRight(prompt, prompt.keys[model]) ? 1 : 0))),
  );
  const best = accuracies.indexOf(Math.max(...accuracies));
  const rows = records.map((scored, turn): Row => {
    const prompt = prompts[scored.place] as Prompt;
    return {
      ...{ prompt, scored, is_late: turn >= Math.floor(records.length / 2), majority: majorityOf(prompt) },
      best_member: isRight(prompt, prompt.keys[best]) ? 1 : 0,
      oracle: prompt.keys.some((key) => isRight(prompt, key)) ? 1 : 0,
      baseline: baseline?.[turn]?.score,
    };
  });
  const late = rows.filter(({ is_late }) => is_late);
  return {
    version: 1,
    options,
    prompts: prompts.length,
    members: models.map((model, i) => ({ model, accuracy: accuracies[i] ?? 0, weight: weights[i] ?? null })),
    best_member: models[best] ?? '',
    parts: partsOf(rows).map(([part, inside]) => measured(part, inside, rng)),
    categories: categoriesOf(rows),
    calls: callsOf(rows, models.length),
    tokens: tokensOf(rows),
    regret: regretIn(rows),
    calibration: { all: calibrationOf(rows), last_half: calibrationOf(late) },
  };
}

/** What is told of prompts that are not held out is learned; those that are held out are counted. */
function regretIn(rows: readonly Row[]): Regret | null {
  const among = rows[0]?.scored.gains.map(({ kind }) => kind) ?? [];
  if (among.length === 0) return null;
  const rounds = rows.flatMap(({ prompt, scored: { is_told, gains } }) => {
    const is_held_out = isHeldOut(prompt.id);
    if (!is_held_out && !is_told) return [];
    return [
      { cluster: prompt.category, gains: Object.fromEntries(gains.map(({ kind, gain }) => [kind, gain])), is_held_out },
    ];
  });
  return regretOf(rounds, among);
}

function partsOf(rows: readonly Row[]): readonly (readonly [string, readonly Row[]])[] {
  const late = rows.filter(({ is_late }) => is_late);
  const isOut = ({ prompt }: Row): boolean => isHeldOut(prompt.id);
  return [
    ['all', rows],
    ['last_half', late],
    ['held_out', rows.filter(isOut)],
    ['tuned', rows.filter((row) => !isOut(row))],
    ['last_half_held_out', late.filter(isOut)],
    ['last_half_tuned', late.filter((row) => !isOut(row))],
  ];
}

function part(name: string, rows: readonly Row[]): Part {
  return {
    part: name,
    prompts: rows.length,
    accuracy: mean(rows.map(({ scored }) => scored.score)),
    majority: mean(rows.map(({ majority }) => majority)),
    best_member: mean(rows.map(({ best_member }) => best_member)),
    oracle: mean(rows.map(({ oracle }) => oracle)),
  };
}

function measured(name: string, rows: readonly Row[], rng: Rng): MeasuredPart {
  const over = (other: (row: Row) => number): readonly number[] => rows.map((row) => row.scored.score - other(row));
  const [interval, over_majority, over_best_member, over_baseline] = bootstrap(
    [
      over(() => 0),
      over(({ majority }) => majority),
      over(({ best_member }) => best_member),
      ...(rows.some(({ baseline }) => baseline === undefined) ? [] : [over(({ baseline }) => baseline ?? 0)]),
    ],
    rng,
  );
  const known = (estimate: Estimate | undefined): Estimate | null => (rows.length > 0 && estimate) || null;
  return {
    ...{ ...part(name, rows), interval: known(interval), over_majority: known(over_majority) },
    ...{ over_best_member: known(over_best_member), over_baseline: known(over_baseline) },
  };
}

function categoriesOf(rows: readonly Row[]): readonly Part[] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const { category } = row.prompt;
    if (category === undefined) continue;
    const group = groups.get(category);
    if (group === undefined) groups.set(category, [row]);
    else group.push(row);
  }
  return [...groups]
    .map(([name, inside]) => part(name, inside))
    .sort((a, b) => b.prompts - a.prompts || (a.part < b.part ? -1 : 1));
}

/** The chance to be right when one of the most frequent answers is taken at random. */
function majorityOf(prompt: Prompt): number {
  const counts = new Map<string, number>();
  for (const key of prompt.keys) if (key !== '') counts.set(key, (counts.get(key) ?? 0) + 1);
  const most = Math.max(...counts.values());
  const tops = [...counts].filter(([, count]) => count === most);
  return tops.length === 0 ? 0 : tops.filter(([key]) => isRight(prompt, key)).length / tops.length;
}

function callsOf(rows: readonly Row[], members: number): Report['calls'] {
  const per_prompt = mean(rows.map(({ scored }) => scored.asked.length));
  return { per_prompt, share: per_prompt / members };
}

function tokensOf(rows: readonly Row[]): Report['tokens'] {
  if (rows.some(({ prompt }) => prompt.tokens === undefined)) return null;
  const spent = rows.map(({ prompt, scored }) =>
    scored.asked.reduce((sum, lane) => sum + (prompt.tokens?.[lane] ?? 0), 0),
  );
  const all = rows.map(({ prompt }) => prompt.tokens?.reduce((sum, tokens) => sum + tokens, 0) ?? 0);
  return { per_prompt: mean(spent), share: mean(all) > 0 ? mean(spent) / mean(all) : 0 };
}

function calibrationOf(rows: readonly Row[]): Calibration {
  return calibration(
    rows.map(({ scored }) => scored.confidence),
    rows.map(({ scored }) => scored.score),
  );
}
