import type { JsonObject } from '@atp-router/kernel';
import { at } from './admin-paths.ts';
import { flag, int, list, num, orNull, pageOf, record, ref, text } from './schema.ts';

const TENANT = text('Only of this tenant.');
const TOPIC = text('Only of this topic, as `topic` of an observation has it.');

export const OBSERVATIONS_PATHS: JsonObject = {
  ...at('/observations', {
    get: {
      ...{ id: 'listObservations', tag: 'observe', summary: 'What was kept of calls, the oldest first.' },
      description:
        'A page may have fewer than `limit` where texts are long. With `words=true` it has what was asked and answered.',
      query: {
        ...{ tenant: TENANT, topic: TOPIC },
        words: text('`true`: with what was asked and answered.'),
        closed: text('`true`: only of files that are closed, which do not change any more.'),
        limit: int('Rows of a page, 1 to 1000.', { minimum: 1, maximum: 1_000, default: 100 }),
        cursor: text('`next_cursor` of the page before.'),
      },
      answer: pageOf(ref('Observation')),
    },
  }),
  ...at('/observations/segments', {
    get: {
      ...{ id: 'listObservationSegments', tag: 'observe', summary: 'The files that observations are in.' },
      answer: record({ data: list(ref('ObservationSegment')) }),
    },
  }),
  ...at('/observations/queue', {
    get: {
      ...{ id: 'observationQueue', tag: 'observe', summary: 'What somebody should say a word on next.' },
      description: 'In turn the topic that has the fewest words, and of it what is least certain.',
      query: {
        ...{ tenant: TENANT, topic: TOPIC },
        limit: int('How many, 1 to 1000.', { minimum: 1, maximum: 1_000, default: 20 }),
      },
      answer: record({ data: list(ref('ObservationQueued')) }),
    },
  }),
  ...at('/observations/kpis', {
    get: {
      ...{ id: 'observationKpis', tag: 'observe', summary: 'How much of what is asked has enough words of people.' },
      query: {
        labels_min: int('Words from which a topic counts as covered.', { minimum: 1, maximum: 10_000, default: 5 }),
      },
      answer: ref('ObservationKpis'),
    },
  }),
  ...at('/observations/close', {
    post: {
      ...{ id: 'closeObservations', tag: 'observe', summary: 'Has all processes close the files that they write to.' },
      answer: record({ processes: list(text('A process that has.')) }),
    },
  }),
  ...at('/observations/erase', {
    post: {
      ...{ id: 'eraseObservations', tag: 'observe', summary: 'Erases what was kept of a tenant, or of a request.' },
      description:
        'From all files of this router, words on it included. What was taken out of it before, and calls that have not ended, are not touched. 429 when a process does not answer: then nothing is erased.',
      body: ref('ObservationsErase'),
      example: { tenant: 'acme' },
      answer: ref('ObservationsErased'),
    },
  }),
  ...at('/observations/label', {
    post: {
      ...{ id: 'labelObservation', tag: 'observe', summary: 'Says how right an answer was, as an operator.' },
      description: 'As `POST /v1/feedback`, of any tenant. Also when that does not take words on the request any more.',
      body: ref('ObservationLabel'),
      example: { request_id: 'call_…', score: 1 },
      answer: ref('ObservationLabelled'),
    },
  }),
  ...at('/observations/{id}', {
    get: {
      ...{ id: 'getObservation', tag: 'observe', summary: 'One observation, with what was asked and answered.' },
      description: 'By its own id or that of its request.',
      answer: ref('Observation'),
    },
  }),
};

const known = {
  id: text('Its id.'),
  request_id: text('Id of the request.'),
  tenant: text('Whose request it was.'),
  model: text('Whose answer it is.'),
  topic: text('Cluster of the prompt as `<lineage>#<number>`, else the type of task, else `none`.'),
  at_ms: int('When the call had ended, ms since the epoch.'),
  chance: orNull(num('How likely the model was thought to be right; null: `auto` did not choose.')),
  spread: orNull(num('What was not known of that: one standard deviation.')),
};

export const OBSERVATIONS_SCHEMAS: JsonObject = {
  ObservationsErase: record(
    { tenant: text('Its observations.'), request_id: text('The one of this request.') },
    ['tenant', 'request_id'],
    'Either of them.',
  ),
  ObservationLabel: record({
    request_id: text('Id of the request.'),
    score: num('How right the answer was, 0 to 1.', { minimum: 0, maximum: 1 }),
  }),
  Observation: record(
    {
      ...known,
      task_type: orNull(text('As the request said; null: nothing.')),
      prompt_hash: text('Keyed hash of the prompt as it came: equal ones are told by it.'),
      is_cut: flag('Prompt or answer were longer.'),
      in_tokens: int('Tokens read.'),
      out_tokens: int('Tokens written.'),
      cost_usd_micros: int('Cost of the call, in millionths of a US dollar.'),
      removed: {
        type: 'object',
        additionalProperties: { type: 'integer' },
        description: 'What was taken out, by kind.',
      },
      score: orNull(num('The last word on it, 0 to 1; null: there is none.')),
      prompt: text('What was asked, without what was taken out.'),
      answer: text('What was answered, without what was taken out.'),
    },
    ['prompt', 'answer'],
  ),
  ObservationSegment: record({
    name: text('The file.'),
    from_ms: num('When it was begun, ms since the epoch.'),
    is_open: flag('A process still writes to it, or died before it could close it.'),
    bytes: int('Its bytes.'),
    sha256: text('Hex SHA-256 of it.'),
    observations: int('Observations in it.'),
    words: int('Words on observations in it.'),
    refused: int('Records in it that are of another version or of no form.'),
    is_torn: flag('It ends within a block, or cannot be opened from there on.'),
  }),
  ObservationQueued: record({
    ...known,
    uncertainty: num('How little is known of how right it is, 0 to 1.'),
    coverage: num('1 over the words that its topic has with it.'),
    priority: num('Both multiplied.'),
  }),
  ObservationKpis: record({
    observations: int('Observations that are there.'),
    labels: int('Those with a word on them.'),
    labels_min: int('Words from which a topic counts as covered.'),
    covered_topics: orNull(num('Part of the topics that are; null: there are none.')),
    covered_traffic: orNull(num('Part of the observations that are of these.')),
    topics: list(record({ topic: text('Topic.'), observations: int('Observations.'), labels: int('Words.') })),
    promotions: list(
      record({ model: text('A model that became active at run time.'), cycle_s: num('Seconds since its manifest.') }),
      'In the order in which they became so.',
    ),
  }),
  ObservationsErased: record({
    observations: int('Observations that were erased.'),
    words: int('Words on observations that were.'),
    segments: int('Files that were written anew, or removed.'),
    unreadable: int('Files that cannot be read to their end, or at all: what may be there is left.'),
  }),
  ObservationLabelled: record({
    id: text('Id of the observation.'),
    request_id: text('Id of the request.'),
    score: num('The word.'),
    is_learned: flag('The router has learned from it, too; it does so for a day.'),
  }),
};
