import type { JsonObject } from '@atp-router/kernel';
import { at } from './admin-paths.ts';
import { flag, int, list, num, orNull, record, ref, text, words } from './schema.ts';

export const ROUTING_PATHS: JsonObject = {
  ...at('/routing/explain', {
    get: {
      ...{ id: 'explainRouting', tag: 'observe', summary: 'How "auto" chose for a request, and what came of it.' },
      description: 'For a day after its end, of the latest 10,000 such requests of each process. 404 for all others.',
      query: { request_id: text('Id of the request, as its answer and `x-atp-request-id` have it.') },
      answer: ref('RouteExplained'),
    },
  }),
  ...at('/routing/scores', {
    get: {
      ...{ id: 'routingScores', tag: 'observe', summary: 'How right models were for "auto", by cluster of prompts.' },
      description:
        'By words on results, as all processes know them; what is old counts less. Models by name, each on all prompts first.',
      query: { tenant: text('Only what calls of this tenant have taught; absent: of all.') },
      answer: record({ data: list(ref('RouteScore'), 'Of each model on all prompts, then on each cluster.') }),
    },
  }),
  ...at('/routing/whatif', {
    get: {
      ...{ id: 'routingWhatIf', tag: 'observe', summary: 'What another policy would have come to on recorded calls.' },
      description:
        'On the latest 10,000 choices of "auto" and the words on them. Nobody is asked. Inverse propensities, and the doubly robust estimate, each between bounds that hold nineteen times of twenty; `doubts` say where they need not.',
      query: { policy: text('`always:<model>`, `cheapest`, `best`, or `quality:<usd>`.') },
      answer: ref('RouteWhatIf'),
    },
  }),
  ...at('/routing/success', {
    get: {
      ...{ id: 'routingSuccess', tag: 'observe', summary: 'How far the judge and others agree on answers to "auto".' },
      description:
        'On the latest 10,000 choices and words. A pair is an answer of which both have said something, each by whether it was more right than wrong.',
      query: {},
      answer: ref('RouteSuccess'),
    },
  }),
};

const guessed = (description: string): JsonObject =>
  orNull(
    record(
      { mean: num('Mean.'), low: num('It is more than that,'), high: num('and less than that.') },
      [],
      description,
    ),
  );

const estimate = (description: string): JsonObject =>
  record(
    {
      right: guessed('How right results are, 0 to 1; null: nothing can be said.'),
      cost_usd: guessed('Of a call, in US dollars.'),
    },
    [],
    description,
  );

const candidate = record({
  model: text('Model.'),
  chance: num('Chance that its answer is right, as it was seen before anybody was asked.'),
  spread: num('What is not known of that: one standard deviation.'),
  expected_usd_micros: int('What one answer was expected to cost, in millionths of a US dollar.'),
  expected_cached_tokens: int('Tokens of the prompt that were expected in its prompt cache.'),
  worth: num('The chance less the price in points of quality: 1 is all of it.'),
  on_frontier: flag('No other candidate here is as likely right for less, or more likely right for no more.'),
});

const answer = record({
  model: text('Model that was asked, and gave an answer.'),
  out_tokens: int('Tokens of the answer.'),
  longer_by: num('Standard deviations that it was longer than usual.'),
  choice: orNull(int('The same for equal answers, from 0; null: whether it is equal to others cannot be told.')),
});

export const ROUTING_SCHEMAS: JsonObject = {
  RouteScore: record({
    model: text('Model.'),
    cluster: orNull(int('Cluster of prompts; null: all.')),
    observations: num('Words on its answers; what is old counts less.'),
    right: num('How right it was of these, 0 to 1.'),
  }),
  RouteSuccess: record({
    judge: record({
      words: int('Answers of which the judge has said how right they are.'),
      right: orNull(num('How right they were by it on the average, 0 to 1; null: it has said nothing.')),
    }),
    data: list(
      record({
        source: text('Who else has said something: `person`, `signal`, or `validator:<kind>`.'),
        task_type: orNull(text('Only answers to this type of task; null: all.')),
        n: int('Answers of which both have said something.'),
        agreement: num('Share of them of which both said the same, 0 to 1.'),
        kappa: orNull(num("Cohen's kappa, −1 to 1: 0 is what chance comes to; null: both said the same of all.")),
      }),
      'By source: on all tasks first, then on each type of task.',
    ),
  }),
  RouteWhatIf: record({
    policy: text('The policy, as it was asked for.'),
    calls: int('Calls of "auto" that ended well and that it would have had somebody to ask for.'),
    told: int('Those of which somebody has said how right they were.'),
    alike: int('Calls that it would have chosen for alike.'),
    effective: num('As many calls of its own would be as sure.'),
    was: estimate('What was.'),
    ips: estimate('By the calls that it would have chosen for alike.'),
    doubly_robust: estimate('The same, of what was thought of models beforehand.'),
    doubts: list(text('Why it need not be so.'), 'Empty: it is as sure as its bounds say.'),
  }),
  RouteExplained: record({
    call_id: text('Id of the request.'),
    tenant: text('Who pays.'),
    policy: orNull(text('Policy under whose limits it was chosen; null: none.')),
    qos: words('Tier.', ['gold', 'silver', 'bronze']),
    task_type: orNull(text('As the request says; null: nothing.')),
    plan: words('`single`: one is asked and its answer taken; `cascade`: answers are looked at first.', [
      'single',
      'cascade',
    ]),
    first: text('Model that was asked first.'),
    propensity: num('How likely it was that it would be asked first, and so.'),
    explores: flag('Something might be tried.'),
    quality_usd: num('What a right answer in place of a wrong one was worth, in US dollars.'),
    cluster: orNull(int('Cluster of the prompt; null: none is known yet.')),
    candidates: list(candidate, 'The first, then the most promising; not all where there were many.'),
    tried_usd_micros: int(
      'What the first answer was expected to cost more than that of whom what is known would have had asked.',
    ),
    regret_usd_micros: int(
      'What asking the first alone was expected to be worth less than asking the best alone, in money.',
    ),
    baseline: record({
      model: text('Model that savings are told against.'),
      expected_usd_micros: int('What its answer was expected to cost.'),
    }),
    speculated: list(
      record({
        model: text('Model that began early.'),
        outcome: words('`accepted`: what others said was taken, and it was stopped; `rejected`: it was needed.', [
          'accepted',
          'rejected',
        ]),
      }),
      'Who began before it was known whether it is needed.',
    ),
    answers: list(answer, 'Who has answered, in this order.'),
    taken: orNull(text('Whose answer was the result; null: there was none.')),
    outcome: words('How the call ended.', ['ok', 'error', 'cancelled']),
    cost_usd_micros: int('Cost of the whole call, in millionths of a US dollar.'),
    at_ms: int('When it ended, ms since the epoch.'),
  }),
};
