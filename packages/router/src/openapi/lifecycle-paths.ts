import type { JsonObject } from '@atp-router/kernel';
import { CUSTODY_STEPS, MOVE_CAUSES } from '@atp-router/routing';
import { at, PAGE } from './admin-paths.ts';
import { int, list, num, orNull, pageOf, record, ref, text, words } from './schema.ts';

const STATUSES = ['shadow', 'active', 'fallback', 'deprecated'] as const;
const tag = 'models';
const one = ref('ModelPapers');

export const LIFECYCLE_PATHS: JsonObject = {
  ...at('/lifecycle', {
    get: {
      ...{ id: 'listLifecycle', tag, summary: 'Statuses of models, why, and what the rules would do.' },
      ...{ query: PAGE, answer: pageOf(ref('ModelStanding')) },
    },
  }),
  ...at('/lifecycle/{id}', {
    get: { id: 'getLifecycle', tag, summary: 'One model with its history, custody and manifest.', answer: one },
  }),
  ...at('/lifecycle/{id}/move', {
    post: {
      ...{ id: 'moveModel', tag, summary: 'Move a model forward to a status.', body: ref('MoveInput'), answer: one },
      description: 'It goes before the status of the file, survives restarts, and is taken back by a rollback.',
    },
  }),
  ...at('/lifecycle/{id}/rollback', {
    post: { id: 'rollbackModel', tag, summary: 'Take the last move back.', body: ref('ActInput'), answer: one },
  }),
  ...at('/lifecycle/{id}/manifest', {
    put: {
      ...{ id: 'putManifest', tag, summary: 'Put a manifest in force.', body: ref('ManifestFile'), answer: one },
      description: 'Refused when it is not of this model, or its signature does not count: 409.',
    },
  }),
  ...at('/lifecycle/{id}/custody', {
    post: {
      ...{ id: 'recordCustody', tag, summary: 'Put a step that was taken elsewhere on record.' },
      ...{ body: ref('CustodyInput'), answer: one },
    },
  }),
  ...at('/lifecycle/{id}/incident', {
    post: {
      ...{ id: 'reportIncident', tag, summary: 'Report a safety incident.', body: ref('ActInput'), answer: one },
      description: 'The rules demote an active model for it, and promote no shadow that had one.',
    },
  }),
  ...at('/lifecycle-review', {
    post: {
      ...{ id: 'reviewModels', tag, summary: 'Have the rules judge all models now, and do what they say.' },
      answer: ref('LifecycleReview'),
    },
  }),
};

const hash = (what: string): JsonObject => text(`${what}: hex SHA-256 of the canonical JSON of a manifest.`);
const numbers: JsonObject = {
  type: 'object',
  description: 'What it rests on, by name.',
  additionalProperties: { type: 'number' },
};
const amount = (what: string): JsonObject => num(what, { minimum: 0 });
const at_ms = int('Ms since the epoch.');
const by = text('Id of the admin key, `rule`, or `signer:<id>`.');
const note = text('What there was to say of it.');

const verdict = record(
  {
    kind: words('What the rules would do.', ['hold', 'promote', 'demote']),
    to: words('Status that it would come to.', STATUSES),
    cause: words('Why.', MOVE_CAUSES),
    numbers,
    why: list(text('In words: what is lacking, or what it rests on.')),
  },
  ['to', 'cause', 'numbers'],
);

const evidence = record({
  samples: int('Comparisons since its last move.'),
  format_share: num('Answers that can be read in the form of the other.'),
  parity: num('Its successes over those of the models that it was compared with.'),
  escalation_share: num('Calls without a whole answer.'),
  agreement: num('Mean agreement.'),
  latency_ratio: num('Latency over that of the others.'),
  cost_ratio: orNull(num('Cost over that of the others; null: not known.')),
});

const sign = (what: string): JsonObject =>
  record(
    { wins: int('Pairs that it won.'), losses: int('Pairs that it lost.'), p: num('Always valid p-value.') },
    [],
    what,
  );

const experiment = record({
  champion: text('Who answered the client.'),
  challenger: text('Who was asked beside it.'),
  samples: int('Pairs.'),
  quality: sign('A success where the other has none.'),
  latency: sign('Faster.'),
  cost: sign('Cheaper.'),
});

const standing: JsonObject = {
  id: text('Model.'),
  status: words('In force.', STATUSES),
  configured_status: words('As the configuration has it.', STATUSES),
  since_ms: orNull(int('When it came to it at run time, ms since the epoch; null: it was not moved.')),
  cause: orNull(words('Why; null: it was not moved.', MOVE_CAUSES)),
  by: orNull(by),
  manifest: record({
    state: words('What its manifest is worth.', ['none', 'unsigned', 'invalid', 'valid']),
    hash: orNull(hash('Of the manifest')),
    words: text('In words.'),
  }),
  incidents: int('Safety incidents on record.'),
  verdict,
  evidence: orNull(evidence),
  experiments: list(experiment, 'One for each model that a shadow was compared with.'),
};

const moves = record({
  from: words('Status.', STATUSES),
  to: words('Status.', STATUSES),
  cause: words('Why.', MOVE_CAUSES),
  ...{ numbers, note, by, at_ms },
});
const custody = record({
  step: words('Step.', CUSTODY_STEPS),
  manifest_hash: orNull(hash('Of what')),
  ...{ note, by, at_ms },
});

const manifest = record(
  {
    version: int('1; others are refused.'),
    model: text('Id of the model.'),
    upstream_model: text('Its name at the provider.'),
    model_version: text('Its version.'),
    licence: text('Its licence.'),
    context: int('Tokens of prompt and answer.'),
    capabilities: list(text('Capability.')),
    safety_grade: words('A is the safest.', ['A', 'B', 'C', 'D']),
    regions: list(text('Where it runs.')),
    prices: record({
      in_usd_per_mtok: amount('US dollars for a million tokens read.'),
      out_usd_per_mtok: amount('The same written.'),
    }),
    power: record(
      {
        in_joule_per_token: amount('Joules for a token read.'),
        out_joule_per_token: amount('The same written.'),
        in_j_per_token: amount('The same as older manifests say it; both or none of these.'),
        out_j_per_token: amount('The same written.'),
        idle_w: amount('Watts while it waits.'),
      },
      ['in_joule_per_token', 'out_joule_per_token', 'in_j_per_token', 'out_j_per_token'],
    ),
    content_sha256: text('Hex SHA-256 of what `content` says.'),
    content: words('What was hashed.', ['weights', 'model_card']),
    built_by: text('Who built it.'),
  },
  ['power'],
);

export const LIFECYCLE_SCHEMAS: JsonObject = {
  ModelStanding: record(standing),
  ModelPapers: record({
    ...standing,
    moves: list(moves, 'The latest 64, oldest first; all are in the journal.'),
    custody: list(custody, 'The latest 128, oldest first; all are in the journal.'),
    incident_log: list(record({ note, by, at_ms }), 'The latest 32.'),
    document: orNull(ref('ManifestFile')),
  }),
  ManifestFile: record(
    {
      manifest,
      signature: record({ signer: text('Who signed.'), value: text('Ed25519, base64.') }),
    },
    ['signature'],
  ),
  MoveInput: record(
    {
      to: words('Status.', ['active', 'fallback', 'deprecated']),
      cause: words('Default `operator`.', ['operator', 'safety_incident']),
      note,
    },
    ['cause', 'note'],
  ),
  ActInput: record({ note }, ['note']),
  CustodyInput: record(
    { step: words('Step.', ['build', 'scan']), manifest_hash: hash('Default: of the manifest in force'), note },
    ['manifest_hash', 'note'],
  ),
  LifecycleReview: record({ data: list(record({ id: text('Model that was moved.'), verdict })) }),
};
