import { describe, expect, test } from 'vitest';
import { type Case, testFaults } from './faults.ts';
import { append, check, problems } from './support.ts';

const PERSONAS: readonly Case[] = [
  {
    why: 'a model that is not there',
    text: append('personas: [{ id: s, role: r, model: smal }]'),
    at: ['10:37 personas[0].model'],
    message: /^no model or agent has the id "smal"$/,
    suggestion: 'small',
  },
  {
    why: 'an id twice',
    text: append('personas: [{ id: s, role: r, model: small }, { id: s, role: r, model: small }]'),
    at: ['10:52 personas[1].id'],
    message: /^id "s" is already used at personas\[0\]\.id$/,
  },
  {
    why: 'the name of a persona without its prefix',
    text: append('personas: [{ id: sec, role: r, model: small }]', 'policies: [{ id: p, fallback: [sec] }]'),
    at: ['11:32 policies[0].fallback[0]'],
    message: /^no model or agent or persona has the id "sec"$/,
    suggestion: 'persona:sec',
  },
  {
    why: 'a local persona that is not',
    text: append('personas: [{ id: s, role: r, model: small, compliance: [local_only] }]'),
    at: ['10:37 personas[0].model'],
    message: /^"small" is not local, but the persona is to be \(local_only\)$/,
  },
  {
    why: 'a filter that is itself beyond',
    text: append('personas: [{ id: s, role: r, model: small, filter: true }]'),
    at: ['10:37 personas[0].model'],
    message: /^"small" is not local, but the persona is to be \(filter\)$/,
  },
  {
    why: 'a persona behind a filter that there is not',
    text: append(
      'personas: [{ id: s, role: r, model: small, compliance: [filter_pii] }]',
      'policies: [{ id: p, fanout: { agents: [persona:s] }, fallback: [persona:s] }]',
    ),
    at: ['11:40 policies[0].fanout.agents[0]', '11:65 policies[0].fallback[0]'],
    message: /^"persona:s" is asked behind a filter only \(filter_pii\)$/,
  },
  {
    why: 'a right that the tenant does not have',
    text: append(
      'tenants:',
      `  - { id: t, tool_permissions: [read], keys: [{ id: k, hash: "sha256:${'1'.repeat(64)}", tool_permissions: [read, write] }] }`,
    ),
    at: ['11:162 tenants[0].keys[0].tool_permissions[1]'],
    message: /^"write" is not among the "tool_permissions" of the tenant$/,
  },
];

testFaults('personas', PERSONAS);

const LOCAL = 'providers: [{ id: up, type: openai, api_key: sk-test }, { id: here, type: ollama }]';
const MODELS = 'models: [{ id: out, provider: up, context: 1 }, { id: in, provider: here, context: 1 }]';

describe('what stays in the house', () => {
  const all = (personas: string, policies: string): string =>
    [LOCAL, MODELS, `personas: [${personas}]`, `policies: [${policies}]`].join('\n');
  const paths = (text: string): readonly string[] => problems(text).map(({ path, message }) => `${path}: ${message}`);

  test('whoever wants no external voice beside it gets none, in any role', () => {
    const text = all(
      '{ id: s, role: r, model: in, compliance: [no_external] }',
      '{ id: p, fanout: { agents: [persona:s, out] }, escalation: [{ when: low_conf, to: out }], fallback: [out] }',
    );
    const said = '"out" is not local, but "persona:s" is asked here too (no_external)';
    expect(paths(text)).toEqual(
      ['fanout.agents[1]', 'escalation[0].to', 'fallback[0]'].map((path) => `policies[0].${path}: ${said}`),
    );
  });

  test('behind a filter, external voices may be asked', () => {
    const filtered =
      '{ id: s, role: r, model: out, compliance: [filter_pii] }, { id: f, role: r, model: in, filter: true }';
    expect(paths(all(filtered, '{ id: p, fanout: { agents: [persona:s, out], filter: f } }'))).toEqual([]);
    expect(paths(all(filtered, '{ id: p, fanout: { agents: [in, persona:f], filter: s } }'))).toEqual([
      'policies[0].fanout.agents[1]: "persona:f" is a filter, and gives no answers',
      'policies[0].fanout.filter: "s" is no filter',
    ]);
  });

  test('who is told the words of clients beside a filter has to be local', () => {
    const mask = '{ id: f, role: r, model: in, filter: true }';
    const asked = (who: string): string =>
      `{ id: p, fanout: { agents: [out, in], filter: f }, consensus: { strategy: judge, judge: ${who} }, arbiter: { agent: ${who} }, fallback: [${who}] }`;
    const prices = MODELS.replaceAll('context: 1', 'context: 1, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 1 }');
    const text = (who: string): string => all(mask, asked(who)).replace(MODELS, prices);
    const said = '"out" is not local, and the filter of the policy does not stand before it: it would never be asked';
    expect(paths(text('in'))).toEqual([]);
    expect(paths(text('out'))).toEqual(
      ['consensus.judge', 'arbiter.agent', 'fallback[0]'].map((path) => `policies[0].${path}: ${said}`),
    );
  });

  test.each([
    ['http://127.0.0.1:8000', true],
    ['http://[::1]:8000', true],
    ['http://10.1.2.3', true],
    ['http://172.31.0.1', true],
    ['http://172.32.0.1', false],
    ['http://[fd00::5]', true],
    ['http://gpu:8000', true],
    ['https://llm.corp.internal', true],
    ['https://api.example.com', false],
    ['https://internal.example.com', false],
  ])('%s', (base_url, is_local) => {
    const text = [
      `providers: [{ id: up, type: openai, base_url: "${base_url}" }]`,
      'models: [{ id: m, provider: up, context: 1 }]',
      'personas: [{ id: s, role: r, model: m, compliance: [local_only] }]',
    ].join('\n');
    expect(check(text).ok).toBe(is_local);
  });
});
