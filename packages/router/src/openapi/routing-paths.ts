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
        'By words on results, as all processes know them; what is old counts less. Models by name, each on all prompts first, then by cluster, then by kind of text.',
      query: { tenant: text('Only what calls of this tenant have taught; absent: of all.') },
      answer: record({
        data: list(ref('RouteScore'), 'Of each model on all prompts, then on each cluster, then on each kind of text.'),
      }),
    },
  }),
  ...at('/routing/clusters', {
    get: {
      ...{
        id: 'routingClusters',
        tag: 'observe',
        summary: 'Clusters of prompts: names, sizes, and what became of them.',
      },
      description:
        'A cluster is found by words of prompts, none of which is kept. Its id is never given to another one; its name is a kind of text and a number, given once. The largest first.',
      query: { tenant: text('Scores by what calls of this tenant have taught; absent: of all.') },
      answer: ref('RouteClusters'),
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

/** A mean between its bounds. */
export const guessedSchema = (description: string): JsonObject =>
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
      right: guessedSchema('How right results are, 0 to 1; null: nothing can be said.'),
      cost_usd: guessedSchema('Of a call, in US dollars.'),
    },
    [],
    description,
  );

const candidate = record({
  model: text('Model.'),
  chance: num('Chance that its answer is right, as it was seen before anybody was asked.'),
  spread: num('What is not known of that: one standard deviation.'),
  expected_usd_micros: int('What one answer was expected to cost, in millionths of a US dollar.'),
  weighed_usd_micros: int('The same with what its time and its carbon are worth.'),
  expected_energy_joules: orNull(num('What one answer takes, in joules; null: not known.')),
  expected_co2e_mg: orNull(num('What that emits, in milligrams of CO2e; null: not known.')),
  expected_ms: orNull(num('How long it takes, in milliseconds; null: not known.')),
  expected_cached_tokens: int('Tokens of the prompt that were expected in its prompt cache.'),
  worth: num('The chance less what is weighed, in points of quality: 1 is all of it.'),
  on_frontier: flag(
    'No other candidate here is as good in all of chance, cost, latency and CO2e, and better in one of these.',
  ),
});

const answer = record({
  model: text('Model that was asked, and gave an answer.'),
  out_tokens: int('Tokens of the answer.'),
  longer_by: num('Standard deviations that it was longer than usual.'),
  choice: orNull(int('The same for equal answers, from 0; null: whether it is equal to others cannot be told.')),
});

const reassigned = (description: string): JsonObject =>
  record(
    {
      checked: int('Late prompts that were assigned a second time.'),
      reassigned: int('Those of them that are of another cluster now.'),
      ratio: orNull(num('Their share; null: none was.')),
    },
    [],
    description,
  );

const cluster = record({
  id: text('Its id, which no other cluster ever gets.'),
  name: orNull(text('Kind of text that most of its first prompts were of, and a number; null: too few were seen.')),
  topics: list(int('Topic, as in scores.'), 'Topics that are one in it.'),
  born_at_ms: int('The hour in which it was found, ms since the epoch.'),
  prompts: num('Prompts since then, late ones for more.'),
  share: num('Part of the prompts of all clusters, 0 to 1.'),
  kind: orNull(text('Kind of text that most of its prompts are of now; null: none was seen.')),
  kind_share: num('Part of its prompts that is of this kind.'),
  reassigned: reassigned('Of its prompts, how many went elsewhere.'),
  models: list(
    record({
      model: text('Model.'),
      observations: num('Words on its answers.'),
      right: num('How right it was, 0 to 1.'),
    }),
    'How right models were on it.',
  ),
});

export const ROUTING_SCHEMAS: JsonObject = {
  RouteClusters: record({
    data: list(cluster, 'At most as many as topics.'),
    changes: record(
      {
        born: int('Found, or found to be about something else.'),
        merged: int('Gone in another one.'),
        split: int('Parted from another one.'),
        retired: int('Gone, for its topic is about something else.'),
        replaced: int('Gone, for topics were taken over that another process has found.'),
      },
      [],
      'What became of clusters since the first.',
    ),
    reassigned: reassigned('Of this process since it began.'),
  }),
  RouteScore: record({
    model: text('Model.'),
    cluster: orNull(int('Cluster of prompts; null: all.')),
    cluster_name: orNull(text('What it is called; null: nothing yet.')),
    kind: orNull(text('Kind of text, of all clusters; null: any.')),
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
    plan: words(
      '`single`: one is asked and its answer taken; `cascade`: answers are looked at first; `fanout`: two begin side by side.',
      ['single', 'cascade', 'fanout'],
    ),
    first: text('Model that was asked first.'),
    propensity: num('How likely it was that it would be asked first, and so.'),
    explores: flag('Something might be tried.'),
    quality_usd: num('What a right answer in place of a wrong one was worth, in US dollars.'),
    cluster: orNull(int('Cluster of the prompt; null: none is known yet.')),
    cluster_id: orNull(text('Id of the cluster, which stays when clusters move; null: it had none.')),
    kind: orNull(text('What the prompt asked for, by plain signs; null: the record is of before that was told apart.')),
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
    energy_joules: orNull(num('Energy of the whole call, in joules; null: not known.')),
    co2e_mg: orNull(num('What that emitted, in milligrams of CO2e; null: not known.')),
    at_ms: int('When it ended, ms since the epoch.'),
  }),
};
