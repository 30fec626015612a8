import type { RouteCase } from './cases.ts';

/** Always the same model: how often it is right, and what a prompt costs. Not asked is wrong. */
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
    let [right, cost_usd, answered] = [0, 0, 0];
    for (const { outcomes } of cases) {
      const outcome = outcomes[place];
      if (outcome === undefined) continue;
      right += outcome.right;
      cost_usd += outcome.cost_usd;
      answered += 1;
    }
    return { model, right: share(right, cases.length), cost_usd: share(cost_usd, answered), answered };
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

/** Of each prompt the cheapest of those that are most right there. */
export function oracle(cases: readonly RouteCase[]): Hindsight {
  let [right, cost_usd] = [0, 0];
  for (const { outcomes } of cases) {
    const known = outcomes.filter((outcome) => outcome !== undefined);
    const most = Math.max(0, ...known.map((outcome) => outcome.right));
    const good = known.filter((outcome) => outcome.right === most);
    right += most;
    if (good.length > 0) cost_usd += Math.min(...good.map((outcome) => outcome.cost_usd));
  }
  return { right: share(right, cases.length), cost_usd: share(cost_usd, cases.length) };
}

/**
 * Two are asked, and where they say the same it is taken, else the third is asked and its answer taken. Who was not asked for a
 * prompt costs nothing there, and agrees with nobody.
 */
export function fixedCascade(
  [a, b, c]: readonly [a: number, b: number, c: number],
  cases: readonly RouteCase[],
): Hindsight {
  let [right, cost_usd] = [0, 0];
  for (const { outcomes } of cases) {
    const [one, two, three] = [outcomes[a], outcomes[b], outcomes[c]];
    const agreed = one?.key !== undefined && one.key === two?.key;
    right += (agreed ? one : three)?.right ?? 0;
    cost_usd += (one?.cost_usd ?? 0) + (two?.cost_usd ?? 0) + (agreed ? 0 : (three?.cost_usd ?? 0));
  }
  return { right: share(right, cases.length), cost_usd: share(cost_usd, cases.length) };
}

export function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
