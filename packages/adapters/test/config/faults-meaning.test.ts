import { describe, expect, test } from 'vitest';
import { type Case, testFaults } from './faults.ts';
import { append, insert, problems, replace } from './support.ts';

const H1 = `sha256:${'1'.repeat(64)}`;

const SIGNING = `      - { id: s, secret: ${'ab'.repeat(32)} }`;

const NAMES: readonly Case[] = [
  {
    why: 'dangling provider',
    text: replace(7, '    provider: upp'),
    at: ['7:15 models[0].provider'],
    message: /no provider has the id "upp"/,
    suggestion: 'up',
    got: 'upp',
  },
  {
    why: 'dangling model of an agent',
    text: append('agents:', '  - { id: a, model: smal }'),
    at: ['11:21 agents[0].model'],
    message: /no model has the id "smal"/,
    suggestion: 'small',
  },
  {
    why: 'agent of an agent',
    text: append('agents:', '  - { id: a, model: small }', '  - { id: b, model: a }'),
    at: ['12:21 agents[1].model'],
    message: /no model has the id "a"/,
  },
  {
    why: 'dangling step of a chain',
    text: append('policies:', '  - { id: p, fallback: [small, samll] }'),
    at: ['11:32 policies[0].fallback[1]'],
    message: /no model or agent/,
    suggestion: 'small',
  },
  {
    why: 'dangling match',
    text: append('policies:', '  - { id: p, match: { model: bigg }, fallback: [small] }'),
    at: ['11:30 policies[0].match.model'],
    message: /no model or agent has the id "bigg"/,
  },
  {
    why: 'dangling entries of an allow-list',
    text: append('tenants:', '  - { id: t, models: [small, smalll, "policy:p", "up/x"] }'),
    at: ['11:30 tenants[0].models[1]', '11:38 tenants[0].models[2]', '11:50 tenants[0].models[3]'],
    message: /no model or agent|no policy/,
    suggestion: 'small',
  },
  {
    why: 'id twice',
    text: append('agents:', '  - { id: small, model: small }'),
    at: ['11:11 agents[0].id'],
    message: /already used at models\[0\]\.id/,
  },
  {
    why: 'signing key twice',
    text: append('tenants:', '  - id: t', '    signing_keys:', SIGNING, SIGNING),
    at: ['14:15 tenants[0].signing_keys[1].id'],
    message: /already used at tenants\[0\]\.signing_keys\[0\]\.id/,
  },
  {
    why: 'signatures without a key',
    text: append('tenants:', '  - { id: t, require_signatures: true }'),
    at: ['11:34 tenants[0].require_signatures'],
    message: /there is no key to sign with/,
  },
  {
    why: 'signing key that is never good',
    text: append(
      'tenants:',
      '  - id: t',
      '    signing_keys:',
      `      - { id: s, secret: ${'ab'.repeat(32)}, not_before: 2026-02-01T00:00:00Z, not_after: 2026-01-01T00:00:00Z }`,
    ),
    at: ['13:137 tenants[0].signing_keys[0].not_after'],
    message: /never good/,
  },
  {
    why: 'tenant twice',
    text: append('tenants:', '  - { id: t }', '  - { id: t }'),
    at: ['12:11 tenants[1].id'],
    message: /already used at tenants\[0\]\.id/,
  },
  {
    why: 'key id twice',
    text: append(
      'tenants:',
      `  - { id: t, keys: [{ id: k, hash: "${H1}" }, { id: k, hash: "sha256:${'2'.repeat(64)}" }] }`,
    ),
    at: ['11:119 tenants[0].keys[1].id'],
    message: /already used/,
  },
  {
    why: 'one key for two',
    text: append(
      'tenants:',
      `  - { id: t, keys: [{ id: k, hash: "${H1}" }] }`,
      'admin:',
      `  keys: [{ id: k, hash: "${H1}" }]`,
    ),
    at: ['11:36 tenants[0].keys[0].hash'],
    message: /same key is already at admin\.keys\[0\]\.hash/,
  },
  {
    why: 'reserved names',
    text: append('agents:', '  - { id: auto, model: small }', '  - { id: "policy:x", model: small }'),
    at: ['11:11 agents[0].id', '12:11 agents[1].id'],
    message: /is reserved/,
  },
  {
    why: 'a chain that loops',
    text: append('policies:', '  - { id: p, fallback: [small, small] }'),
    at: ['11:32 policies[0].fallback[1]'],
    message: /the chain loops: "small" is already at policies\[0\]\.fallback\[0\]/,
  },
  {
    why: 'a chain that comes back by another name',
    text: append('agents: [{ id: a, model: small }]', 'policies:', '  - { id: p, fallback: [small, a, up/small] }'),
    at: ['12:32 policies[0].fallback[1]', '12:35 policies[0].fallback[2]'],
    message: /the chain loops: "a" is already at policies\[0\]\.fallback\[0\]/,
  },
  {
    why: 'a step at a provider that takes only what is listed',
    text: append('policies:', '  - { id: p, fallback: [up/other] }'),
    at: ['11:25 policies[0].fallback[0]'],
    message: /no model or agent has the id "up\/other"/,
  },
  {
    why: 'a policy as a step',
    text: append('policies:', '  - { id: p, fallback: ["policy:p"] }'),
    at: ['11:25 policies[0].fallback[0]'],
    message: /cannot be a step/,
  },
  {
    why: 'a step below the grade',
    text: append('policies:', '  - { id: p, fallback: [small], min_safety_grade: B }'),
    at: ['11:25 policies[0].fallback[0]'],
    message: /safety grade D, below/,
  },
  {
    why: 'an agent below the grade',
    text: append('agents: [{ id: a, model: small }]', 'policies:', '  - { id: p, fallback: [a], min_safety_grade: B }'),
    at: ['12:25 policies[0].fallback[0]'],
    message: /safety grade D, below/,
  },
];

const COMBINATIONS: readonly Case[] = [
  { why: 'no key for a vendor', text: replace(4), at: ['2:5 providers[0].api_key'], message: /"api_key" is missing/ },
  {
    why: 'no key at the written vendor address',
    text: replace(4, '    base_url: https://api.openai.com/v1'),
    at: ['2:5 providers[0].api_key'],
    message: /"api_key" is missing/,
  },
  {
    why: 'simulator settings elsewhere',
    text: insert(4, '    sim: {}'),
    at: ['5:5 providers[0].sim'],
    message: /belongs to type sim only/,
  },
  {
    why: 'api elsewhere',
    text: replace(3, '    type: anthropic', '    api: chat'),
    at: ['4:5 providers[0].api'],
    message: /belongs to type openai only/,
  },
  {
    why: 'the name of the output limit elsewhere',
    text: replace(3, '    type: anthropic', '    max_tokens_field: max_tokens'),
    at: ['4:5 providers[0].max_tokens_field'],
    message: /belongs to type openai only/,
  },
  {
    why: 'asking for room elsewhere',
    text: insert(4, '    send_context: true'),
    at: ['5:5 providers[0].send_context'],
    message: /belongs to type ollama only/,
  },
  {
    why: 'address of a simulator',
    text: replace(3, '    type: sim', '    base_url: http://h'),
    at: ['4:5 providers[0].base_url', '5:5 providers[0].api_key'],
    message: /a simulated provider has no/,
  },
  {
    why: 'shares above one',
    text: replace(3, '    type: sim', '    sim: { error_rate: 0.6, cut_rate: 0.6 }').replace(
      '    api_key: sk-test\n',
      '',
    ),
    at: ['4:10 providers[0].sim'],
    message: /add up to more than 1/,
  },
  {
    why: 'percentiles in the wrong order',
    text: replace(3, '    type: sim', '    sim: { latency_ms: { p50: 9, p95: 3 } }').replace(
      '    api_key: sk-test\n',
      '',
    ),
    at: ['4:39 providers[0].sim.latency_ms.p95'],
    message: /"p95" is below "p50"/,
  },
  {
    why: 'back-off cap below its base',
    text: insert(4, '    retry: { base_ms: 100, cap_ms: 50 }'),
    at: ['5:36 providers[0].retry.cap_ms'],
    message: /"cap_ms" is below "base_ms"/,
  },
  {
    why: 'answer longer than the context',
    text: insert(8, '    max_output_tokens: 9000'),
    at: ['9:24 models[0].max_output_tokens'],
    message: /larger than "context"/,
    got: '9000',
  },
  {
    why: 'no model at all',
    text: 'providers: [{ id: s, type: sim }]\nmodels: []',
    at: ['2:9 models'],
    message: /no model to route to/,
  },
  { why: 'no provider at all', text: 'providers: []', at: ['1:12 providers'], message: /too short/ },
  {
    why: 'postgres without address',
    text: append('store: { type: postgres }'),
    at: ['10:8 store.url'],
    message: /"url" is missing/,
  },
  {
    why: 'address without postgres',
    text: append('store: { url: "postgres://h/d" }'),
    at: ['10:10 store.url'],
    message: /belongs to type postgres only/,
  },
  ...['h:x/d', 'h:70000/d', 'h1:1,h2:y/d', 'u:p%zz@h/d', 'u:p/w@h:5432/d', 'u:p@/d', '[::1/d'].map((rest) => ({
    why: `an address of a database that is none: ${rest}`,
    text: append(`store: { type: postgres, url: "postgres://${rest}" }`),
    at: ['10:31 store.url'],
    message: /^"url" is not an address of a database$/,
  })),
  ...['not a host', '-a.example', 'a..b', '[::1]', '999.1.2.3', '127.0.0.1:80', 'a'.repeat(64), 'http://h'].map(
    (host) => ({
      why: `a host that is none: ${host}`,
      text: append(`listen: { host: "${host}" }`),
      at: ['10:17 listen.host'],
      message: /^"host" is neither an IP address nor the name of a host$/,
    }),
  ),
  {
    why: 'an entry of the keys of agents that is none',
    text: insert(4, '  - { id: pool, type: agent, agent: { keys: [acme/k1, acme] } }'),
    at: ['5:55 providers[1].agent.keys[1]'],
    message: /an entry of "keys" names no key/,
  },
  {
    why: 'a key of the shared store without one',
    text: append(`store: { type: sqlite, seal_key: ${'0f'.repeat(32)} }`),
    at: ['10:24 store.seal_key'],
    message: /"seal_key" belongs to type postgres only/,
  },
  {
    why: 'the key in place of its hash',
    text: append('tenants:', '  - { id: t, keys: [{ id: k, hash: sk-the-key-itself }] }'),
    at: ['11:36 tenants[0].keys[0].hash'],
    message: /not a hash/,
  },
  {
    why: 'a hash of the wrong length',
    text: append('admin: { keys: [{ id: k, hash: "sha256:abc" }] }'),
    at: ['10:32 admin.keys[0].hash'],
    message: /wrong form/,
  },
];

testFaults('names', NAMES);
testFaults('combinations', COMBINATIONS);

describe('what can be reached is no fault', () => {
  test.each(['h/d', 'u:p%40ss@h:5432/d?sslmode=require', 'h1:5432,h2:5433/d', '[::1]:5432/d', '/d', 'u:p@ss@h/d'])(
    'a database at %s',
    (rest) => {
      expect(problems(append(`store: { type: postgres, url: "postgres://${rest}" }`))).toEqual([]);
    },
  );

  test.each(['::1', '0.0.0.0', '::ffff:127.0.0.1', 'fe80::1%eth0', 'localhost', 'my_box.example.', '1a'])(
    'a listener at %s',
    (host) => {
      expect(problems(append(`listen: { host: "${host}" }`))).toEqual([]);
    },
  );
});
