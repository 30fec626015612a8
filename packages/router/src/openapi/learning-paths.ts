import type { JsonObject } from '@atp-router/kernel';
import { at } from './admin-paths.ts';
import { flag, int, list, num, orNull, record, ref, text } from './schema.ts';

const json = (schema: JsonObject): JsonObject => ({ 'application/json': { schema } });

/** Of the data plane. */
export const FEEDBACK_PATHS: JsonObject = {
  '/v1/feedback': {
    post: {
      operationId: 'giveFeedback',
      tags: ['operations'],
      summary: 'Say what was right, of a request that asked several agents, or that said `auto`.',
      description:
        'Votes, confidence, reputation and routing learn from it. For a day, on the latest 10,000 such requests, by keys of the same tenant; each key once for each request: the same again changes nothing, other feedback is refused with 409. Exactly one of `score`, `label` and `lanes`; of a request that asked one model `score` alone.',
      requestBody: { required: true, content: json(ref('FeedbackInput')) },
      responses: {
        '200': { description: 'It is in the journal.', content: json(ref('Feedback')) },
        default: { description: 'An error.', content: json(ref('OpenAiError')) },
      },
    },
  },
};

export const REPUTATION_PATHS: JsonObject = at('/reputation', {
  get: {
    ...{
      id: 'getReputation',
      tag: 'observe',
      summary: 'What is known of personas, agents and models that were asked.',
    },
    description: 'Of all processes and routers over the same database.',
    query: { cluster: text('For tasks of this type. Absent: over all.'), source: text('Only this one.') },
    answer: ref('Reputation'),
  },
});

const share = (description: string): JsonObject => num(`${description}, 0 to 1.`, { minimum: 0, maximum: 1 });

const source = record({
  source: text('Persona, agent or model.'),
  cluster: orNull(text('Type of the tasks; null: all.')),
  known: flag('Enough was seen of it; else the numbers are those of anybody.'),
  samples: num('Lanes that it rests on, each clone by itself; older ones count for less.'),
  accuracy: share('Chance that its answer is right'),
  accuracy_low: share('The same, carefully: lower end of a one-sided interval of 90 %'),
  reliability: share('Chance that it answers in time'),
  reliability_low: share('The same, carefully'),
  quality: share('How much of the results it carries, and how far its citations hold'),
  worth: share('By what `fanout.select` chooses: the two careful ones multiplied'),
  clusters: list(text('Type of a task.'), 'Types of tasks that it is known of.'),
});

const policy = record({
  policy: text('Policy.'),
  weights: list(
    record({ source: text('Who.'), weight: num('What its vote counts; 1 is the average.') }),
    'Of sources that were heard in it.',
  ),
  regret: list(
    record({
      strategy: text('Strategy.'),
      tasks: int('On which feedback scored it beside the one that decided.'),
      regret: num('What it would have gained more than that one, on average; below 0: less.'),
    }),
    'Strategies that were scored beside the one that decided.',
  ),
});

export const LEARNING_SCHEMAS: JsonObject = {
  Reputation: record({ data: list(source), policies: list(policy) }),
  FeedbackInput: record(
    {
      request_id: text('Id of the request, as its answer and `x-atp-request-id` have it.', { maxLength: 128 }),
      score: share('How right the result was'),
      label: text('The right answer, compared in the form that the policy compares answers in.', { maxLength: 65_536 }),
      lanes: list(
        record({
          lane: int('Lane, as `atp.consensus.lanes` of the answer has it.'),
          right: { anyOf: [flag('Whether it was right.'), share('How right it was')] },
        }),
        'Marks of single lanes, each once.',
      ),
    },
    ['score', 'label', 'lanes'],
  ),
  Feedback: record({
    object: text('`feedback`.'),
    request_id: text('Id of the request.'),
    repeated: flag('The same was given before; nothing has changed.'),
    score: orNull(share('How right the result was by it; null: it says nothing of that')),
    lanes: int('Lanes of which it says something.'),
  }),
};
