import type { RouteFeedback } from '@atp-router/ledger';
import { expect, vi } from 'vitest';
import { type Crew, crew, type Says } from '../auto/crew.ts';
import { call, type Reply } from '../admin/http.ts';

const PRICE = { in_usd_per_mtok: 1, out_usd_per_mtok: 2 };

/** What a judge finds in what it is asked, read by the marks alone. */
export interface Shown {
  readonly nonce: string;
  readonly asked: string;
  readonly answered: string;
}

export function shownIn(prompt: string): Shown {
  const nonce = /^<asked-([0-9a-f]{32})>\n/.exec(prompt)?.[1];
  if (nonce === undefined) throw new Error(`a judge was asked without a mark: ${prompt.slice(0, 80)}`);
  const between = (mark: string): string => {
    const parts = prompt.split(`<${mark}-${nonce}>\n`);
    const inside = parts[1]?.split(`\n</${mark}-${nonce}>`);
    if (parts.length !== 2 || inside?.length !== 2) throw new Error(`"${mark}" is not marked once`);
    return inside[0] ?? '';
  };
  return { nonce, asked: between('asked'), answered: between('answered') };
}

/** Two models that `auto` chooses of, and a judge that it does not; `judges` says what the judge says. */
export function judgedCrew(
  says: Says,
  judges: (shown: Shown) => string | undefined | Promise<string>,
  { judge = {}, routing = {}, judge_model = {}, ...more }: Readonly<Record<string, object>> = {},
): Promise<Crew> {
  const models = [
    { id: 'cheap', provider: 'up', context: 128_000, price: PRICE },
    { id: 'dear', provider: 'up', context: 128_000, price: { in_usd_per_mtok: 10, out_usd_per_mtok: 40 } },
    { id: 'wise', provider: 'up', context: 128_000, price: PRICE, status: 'fallback', ...judge_model },
  ];
  return crew(
    (model, prompt) => (prompt.startsWith('<asked-') ? judges(shownIn(prompt)) : says(model, prompt)),
    { plans: 'single', judge: { model: 'wise', sample: 1, ...judge }, ...routing },
    { models, ...more },
  );
}

export const idOf = ({ headers }: Reply): string => String(headers['x-atp-request-id']);

export function wordsOn(one: Crew, id: string): readonly RouteFeedback[] {
  return one.events.flatMap((event) => (event.type === 'route.feedback' && event.call_id === id ? [event] : []));
}

export async function until(check: () => void | Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 20_000, interval: 5 });
}

/** The judge's word on a request, when it is there. */
export async function judged(one: Crew, id: string): Promise<RouteFeedback> {
  const found = (): RouteFeedback | undefined => wordsOn(one, id).find(({ by }) => by === 'judge:wise');
  await until(() => expect(found()).toBeDefined());
  return found() as RouteFeedback;
}

/** Waits until a metric has a line. */
export async function counted(one: Crew, line: string): Promise<void> {
  await until(async () => expect((await call(`${one.running.url}/metrics`)).text).toContain(line));
}

export const outcome = (kind: string, count: number): string => `atp_success_judged_total{outcome="${kind}"} ${count}`;
