import type { JsonObject } from '@atp-router/kernel';
import { at, RANGE } from './admin-paths.ts';
import { guessedSchema } from './routing-paths.ts';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

export const SAVINGS_PATHS: JsonObject = {
  ...at('/routing/savings', {
    get: {
      ...{ id: 'routingSavings', tag: 'observe', summary: 'What "auto" saves against one model, and what it gave up.' },
      description:
        'Sums of all calls that "auto" chose for, by any of day, tenant, cluster and model. `hindsight` rests on the latest 10,000 choices and words on them that are still on record. The newest days stay when there are too many rows.',
      query: {
        tenant: RANGE.tenant,
        from: RANGE.from,
        to: RANGE.to,
        by: text('Any of `day`, `tenant`, `cluster`, `model`, with commas. Default: `tenant`.'),
      },
      answer: ref('RouteSavings'),
    },
  }),
};

const sums: JsonObject = {
  calls: int('Calls that "auto" chose for.'),
  failed: int('Those that did not end well.'),
  spent_usd_micros: int('What all of them cost, in millionths of a US dollar.'),
  baseline_usd_micros: int(
    'What those that ended well were expected to cost with the model that savings are told against.',
  ),
  saved_usd_micros: int('What that is more than what was spent; below 0: less.'),
  saved_ratio: orNull(num('The part of the baseline that was saved; null: there is none.')),
  tried_usd_micros: int('What first answers were expected to cost more because something was tried.'),
  regret_usd_micros: int(
    'What asking the first alone was expected to be worth less than asking the best alone, in money, as it was seen when it was chosen.',
  ),
  energy_joules: num('Energy in joules, of the calls of which it is known.'),
  co2e_mg: num('What that emitted, in milligrams of CO2e, of the calls of which it is known.'),
  calls_without_energy: int('Calls of which the energy is not known.'),
  calls_without_co2e: int('Calls of which the CO2e is not known.'),
};

const dimensions: JsonObject = {
  day: text('UTC day, `YYYY-MM-DD`, when grouped by it.'),
  tenant: text('When grouped by it.'),
  cluster: text('Cluster of prompts when grouped by it: `0` to `31`, `none` before any was known, `other`.'),
  model: text('Model that was asked first, when grouped by it.'),
};

export const SAVINGS_SCHEMAS: JsonObject = {
  RouteSavings: record({
    by: list(words('A dimension.', ['day', 'tenant', 'cluster', 'model']), 'The dimensions that the rows tell apart.'),
    data: list(record({ ...dimensions, ...sums }, Object.keys(dimensions)), 'Ordered by day, tenant, cluster, model.'),
    truncated: flag('There are more rows than one answer holds; the oldest days are missing.'),
    total: orNull(record(sums, [], 'Of all rows; null: there are none.')),
    gain_share: orNull(ref('RouteGainShare')),
    hindsight: ref('RouteHindsight'),
  }),
  RouteGainShare: record(
    {
      share: num('Part of savings that is shared, as configured.'),
      quality_margin: num('How much less right results may be than those of the baseline.'),
      data: list(
        record({
          tenant: text('Whose calls.'),
          month: text('`YYYY-MM`, UTC.'),
          saved_usd_micros: int('What was saved; below 0: less than nothing.'),
          quality: words(
            '`proven`: results were not less right than the baseline by more than the margin, nineteen times of twenty; `below`: they were; `unproven`: neither can be said.',
            ['proven', 'below', 'unproven'],
          ),
          words: int('Words of people that this rests on.'),
          effective: num('As many calls of the baseline alone would be as sure.'),
          quality_gap: guessedSchema('How much more right results were, in shares of 1; null: nothing can be said.'),
          gain_share_usd_micros: orNull(
            int(
              'What is shared: 0 where it is not proven; null where the range has a part of the month only. Nothing is booked.',
            ),
          ),
        }),
        'By month, then tenant.',
      ),
      truncated: flag('There are more days than are summed; the oldest are missing.'),
    },
    [],
    'Null: `routing.gain_share` is not configured.',
  ),
  RouteHindsight: record({
    from_ms: orNull(int('Oldest choice that it rests on, ms since the epoch; null: there is none.')),
    to_ms: orNull(int('The newest.')),
    model: orNull(text('The best model to ask always, by the words on results; null: too little is known.')),
    told: int('Calls with a word on them that it could have been asked for.'),
    effective: num('As many calls of its own would be as sure.'),
    compared: int('Models of which enough is known: the more, the wider the bounds.'),
    regret_usd: guessedSchema(
      'What always asking it would have been worth more than what was, of a call, in US dollars of quality and cost; below 0: less.',
    ),
    doubts: list(text('Why it need not be so.'), 'Empty: it is as sure as its bounds say.'),
  }),
};
