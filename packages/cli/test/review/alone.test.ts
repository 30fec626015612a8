import { checkConfig } from '@atp-router/adapters';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { READY_POLICIES, REVIEWERS } from '../../src/review/personas.ts';
import { configOf, EXAMPLE, PANEL, type Reviewed, reviewedAlone } from './panel.ts';
import { type Script, type Upstream, upstream } from './upstream.ts';

const state: { up?: Upstream } = {};

beforeAll(async () => {
  state.up = await upstream();
});
afterAll(() => state.up?.close());

const base_url = (): string => state.up?.base_url ?? '';

async function alone(script: Script, config: string, args?: readonly string[]): Promise<Reviewed> {
  if (state.up === undefined) throw new Error('there is no provider');
  return reviewedAlone(state.up, script, config, args);
}

describe('a review with a router of its own', () => {
  const PLAIN = (
    base_url: string,
  ): string => `providers: [{ id: up, type: openai, base_url: "${base_url}", api_key: k }]
models:
  - { id: small, provider: up, context: 20000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
  - { id: large, provider: up, context: 90000, price: { in_usd_per_mtok: 9, out_usd_per_mtok: 9 } }
`;

  test('has a ready policy with the models that are there, of each provider the one of the middle price', async () => {
    const outcome = await alone(PANEL, PLAIN(base_url()), ['--format', 'markdown']);
    expect({ code: outcome.code, err: outcome.err }).toEqual({ code: 1, err: '' });
    expect(outcome.out).toContain('### high: off\\_by\\_one in `src/mean.js:3`');
    expect(new Set(outcome.asked.map(({ model }) => model))).toEqual(new Set(['small']));
    expect(outcome.asked).toHaveLength(5);
  });

  test('of a file that has the policy, asks that', async () => {
    const outcome = await alone(PANEL, configOf(base_url()), ['--json']);
    expect(outcome.code).toBe(1);
    expect(new Set(outcome.asked.map(({ model }) => model))).toEqual(new Set(['sol', 'sonnet']));
  });

  test('a dry run says what would be asked and what it costs, and asks nobody', async () => {
    const outcome = await alone(PANEL, PLAIN(base_url()), ['--dry-run', '--max-usd', '0.5']);
    expect({ code: outcome.code, err: outcome.err, asked: outcome.asked }).toEqual({ code: 0, err: '', asked: [] });
    expect(outcome.out).toMatch(
      /^working tree and index against HEAD: 1 file, 1 part, policy review; nothing is sent\n/,
    );
    expect(outcome.out).toMatch(/\ncost: expected from \$0\.0\d+, at most \$\d+\.\d+\n--max-usd keeps it/);
  });

  test('simulated models answer only when they are asked to, and it is said', async () => {
    const sim = `providers: [{ id: sim, type: sim, sim: { latency_ms: { p50: 0, p95: 0 }, chunk_ms: 0 } }]
models: [{ id: pretend, provider: sim, context: 32000, price: { in_usd_per_mtok: 0, out_usd_per_mtok: 0 } }]
`;
    const refused = await alone(PANEL, sim);
    expect(refused.code).toBe(78);
    expect(refused.err).toContain('there is no model to ask');
    const union = ['--simulated', '--policy', 'review-union'];
    const { code, out } = await alone(PANEL, sim, [...union, '--fail-on', 'none']);
    expect(out).toContain('SIMULATED: the answers are invented.');
    // So that the form of a report is seen: where, whose, with what became of what it cites.
    expect(out).toMatch(/^(?:high|medium|low) +\w+ {2}src\/mean\.js:\d+\n {2}\| \[simulated\] /m);
    expect(out).toMatch(/\n {2}found by review-.*; evidence 0\.9\d/);
    expect(out).toMatch(/\n {4}src\/mean\.js:\d+ {2}good\n/);
    expect(out).not.toMatch(/\n0 findings/);
    expect(code).toBe(0);
  });

  test('a chain is no policy of a review, and nobody is asked', async () => {
    const chain = `${PLAIN(base_url())}policies: [{ id: review, fallback: [small] }]\n`;
    const refused = await alone(PANEL, chain);
    expect({ code: refused.code, asked: refused.asked }).toEqual({ code: 2, asked: [] });
    expect(refused.err).toMatch(
      /policy "review" of the configuration asks one agent after the other.*give it a "fanout"/,
    );
  });

  test('needs a policy that is there, and models that are', async () => {
    const config = PLAIN(base_url());
    expect((await alone(PANEL, config, ['--policy', 'other'])).err).toContain('there is no policy "other"');
    expect((await alone(PANEL, config, ['--models', 'tiny'])).err).toContain('has no model "tiny"');
    const own = await alone(PANEL, configOf(base_url()), ['--models', 'sol']);
    expect({ code: own.code, says: own.err.includes('leave --models out') }).toEqual({ code: 2, says: true });
  });

  test('has the reviewers of the example', () => {
    const checked = checkConfig(EXAMPLE, { env: () => 'k', file: () => undefined });
    const { personas = [], policies = [] } = checked.ok ? checked.config : {};
    expect(personas.map(({ id, role, system_prompt }) => ({ id, role, system_prompt }))).toEqual(REVIEWERS);
    expect(policies).toMatchObject(READY_POLICIES.map(({ id, consensus }) => ({ id, consensus })));
  });
});
