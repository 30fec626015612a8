import type { RouteCase } from './tasks.ts';

/** Always the same model: how often it is right, and what a prompt costs. No answer is a wrong one. */
export interface Fixed {
  readonly model: string;
  readonly right: number;
  readonly cost_usd: number;
  readonly answered: number;
}

export interface Hindsight {
  readonly right: number;
  readonly cost_usd: number;
}

export function fixedOf(models: readonly string[], cases: readonly RouteCase[]): readonly Fixed[] {
  return models.map((model, place) => {
    const outcomes = cases.flatMap((one) => one.outcomes[place] ?? []);
    return {
      model,
      right: share(outcomes.filter(({ right }) => right).length, cases.length),
      cost_usd: share(
        outcomes.reduce((sum, { cost_usd }) => sum + cost_usd, 0),
        outcomes.length,
      ),
      answered: outcomes.length,
    };
  });
}

/** The one that is right most often; of several the cheapest. */
export function bestOf(fixed: readonly Fixed[]): Fixed {
  return fixed.reduce((best, one) =>
    one.right > best.right || (one.right === best.right && one.cost_usd < best.cost_usd) ? one : best,
  );
}

/** Of each category the model that is worth most there, known afterwards. Undefined without categories. */
export function byCategory(
  models: readonly string[],
  cases: readonly RouteCase[],
  quality_usd: number,
): Hindsight | undefined {
  const groups = Map.groupBy(cases, ({ category }) => category);
  if (groups.has(undefined)) return undefined;
  let [right, cost_usd] = [0, 0];
  for (const group of groups.values()) {
    const [first, ...others] = fixedOf(models, group);
    if (first === undefined) return undefined;
    const worth = (one: Fixed): number => one.right * quality_usd - one.cost_usd;
    const best = others.reduce((one, other) => (worth(other) > worth(one) ? other : one), first);
    right += best.right * group.length;
    cost_usd += best.cost_usd * group.length;
  }
  return { right: share(right, cases.length), cost_usd: share(cost_usd, cases.length) };
}

/** Of each prompt the cheapest model that is right there, else the cheapest. */
export function oracle(cases: readonly RouteCase[]): Hindsight {
  let [right, cost_usd] = [0, 0];
  for (const { outcomes } of cases) {
    const known = outcomes.filter((outcome) => outcome !== undefined);
    const good = known.filter((outcome) => outcome.right);
    if (good.length > 0) right += 1;
    if (known.length > 0) cost_usd += Math.min(...(good.length > 0 ? good : known).map((outcome) => outcome.cost_usd));
  }
  return { right: share(right, cases.length), cost_usd: share(cost_usd, cases.length) };
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
