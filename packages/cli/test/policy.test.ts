import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from './support/process.ts';
import { atp, type Outcome } from './support/terminal.ts';

const EXAMPLE = join(import.meta.dirname, '../../../examples/consensus.yaml');

const TEXT = `providers: [{ id: up, type: sim }]
models:
  - { id: small, provider: up, context: 8000, max_output_tokens: 1000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }
  - { id: big, provider: up, context: 8000, max_output_tokens: 1000, price: { in_usd_per_mtok: 10, out_usd_per_mtok: 20 } }
policies:
  - id: board
    match: { task_type: review, diff_loc: ">150", not: { risk: low } }
    fanout: { agents: [small, { model: big, clones: 2 }] }
    arbiter: { agent: small, max_usd: 0.01 }
    escalation: [{ when: low_conf, to: big }]
    budget: { usd: 0.09 }
  - id: one
    match: { task_type: review }
    fallback: [small, big]
tenants:
  - { id: acme, security_groups: [ops] }
  - { id: beta, models: [small] }
`;

function folder(text: string = TEXT): string {
  const cwd = tempFolder();
  writeFileSync(join(cwd, 'atp.yaml'), text);
  return cwd;
}

const explain = (...args: readonly string[]): Promise<Outcome> =>
  atp(['policy', 'explain', '--tenant', 'acme', '--task-type', 'review', ...args], { cwd: folder() });

describe('atp policy lint', () => {
  test('is content with the example, and counts', async () => {
    const { code, out } = await atp(['policy', 'lint', '--config', EXAMPLE]);
    expect([code, out.slice(out.lastIndexOf('/') + 1)]).toEqual([
      0,
      'consensus.yaml: 5 policies, 3 personas, 0 warnings.\n',
    ]);
  });

  test('warns of what never applies, which is a fault only for the strict', async () => {
    const cwd = folder(
      TEXT.replace('id: one', 'id: one\n    max_attempts: 2').replace('{ task_type: review }', '{ diff_loc: "9..3" }'),
    );
    const said =
      'warning: policies[1].match.diff_loc: the policy never applies by itself: nothing lies in the range 9..3 of "diff_loc".\n' +
      'atp.yaml: 2 policies, 0 personas, 1 warning.\n';
    expect(await atp(['policy', 'lint'], { cwd })).toEqual({ code: 0, out: said, err: '' });
    expect(await atp(['policy', 'lint', '--strict'], { cwd })).toEqual({ code: 1, out: said, err: '' });
    const { out } = await atp(['policy', 'lint', '--json'], { cwd });
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      problems: [],
      warnings: [{ path: 'policies[1].match.diff_loc' }],
    });
  });

  test('shows faults as config check does, with their places', async () => {
    const cwd = folder(TEXT.replace('risk: low', 'rsik: low'));
    const { code, out } = await atp(['policy', 'lint'], { cwd });
    expect(code).toBe(1);
    expect(out).toMatchInlineSnapshot(`
      "atp.yaml:7:58: policies[0].match.not.rsik: unknown key "rsik"
        7 |     match: { task_type: …, diff_loc: "…", not: { rsik: … } }
          |                                                  ^
        expected: one of task_type, qos, data_scope, model, tenant, risk, languages, diff_loc, tool_permissions, security_groups, facts, all_of, any_of, not; other facts stand under facts
        did you mean: risk

      1 problem in atp.yaml
      "
    `);
    expect(out).toBe((await atp(['config', 'check'], { cwd })).out);
  });
});

describe('atp policy explain', () => {
  test('is a decision trace, and what comes of it', async () => {
    const { code, out, err } = await explain('--facts', 'diff_loc=180; risk=high');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatchInlineSnapshot(`
      "auto for tenant acme, tier silver: policy board applies, its match holds

      board: applies
        ✓ task_type is to be review, and is review
        ✓ diff_loc is to be >150, and is 180
        ✓ not
          ✗ risk is to be low, and is high
      one: was not asked: the decision was made before

      asks 3 lanes at once (diverse)
      LANE  WHO    MODEL  SEED  TEMPERATURE  REMARKS
      0     small  small  -     -
      1     big    big    0     -
      2     big    big    1     -            clone 1
      strategy: majority, answers told apart as auto; learned weights
      escalation: low_conf (below 0.5) asks big
      arbiter: small, at most $0.010000
      budget: $0.090000: 4 shares of $0.020000, $0.010000 kept for the arbiter
      costs: 3 to 5 answers, $0.042000 to $0.090000
      "
    `);
  });

  test('says which fact nobody has said', async () => {
    const { code, out } = await explain('--facts', 'diff_loc=180');
    expect(code).toBe(0);
    expect(out).toMatchInlineSnapshot(`
      "auto for tenant acme, tier silver: policy one applies, its match holds

      board: does not apply: it rests on facts that nobody has said
        ✓ task_type is to be review, and is review
        ✓ diff_loc is to be >150, and is 180
        ? not
          ? risk is to be low, and is unknown
      one: applies
        ✓ task_type is to be review, and is review

      goes to: small, then big
      costs: 1 answer, $0.002000 to $0.030000
      "
    `);
  });

  test('of one policy says whether it holds, also by the exit code', async () => {
    const yes = await explain('--policy', 'board', '--facts', 'diff_loc=180; risk=high');
    const no = await explain('--policy', 'board', '--facts', 'diff_loc=10; risk=high');
    expect([yes.code, no.code]).toEqual([0, 1]);
    expect(no.out).toContain(
      'board: does not apply\n  ✓ task_type is to be review, and is review\n  ✗ diff_loc is to be >150, and is 10\n',
    );
    expect(await explain('--policy', 'bord')).toEqual({
      ...{ code: 2, out: '', err: 'atp: There is no policy "bord"; there is board, one.\n' },
    });
  });

  test('says the same as JSON, for programs', async () => {
    const { out } = await explain('--facts', 'diff_loc=180; risk=high', '--json');
    expect(JSON.parse(out)).toMatchObject({
      ...{ model: 'auto', tenant: 'acme', qos: 'silver', policy: 'board', by: 'match', targets: ['small', 'big'] },
      considered: [
        { policy: 'board', outcome: 'yes', steps: [{}, { path: 'diff_loc', actual: '180' }, {}, {}] },
        { outcome: 'later' },
      ],
      fanout: {
        mode: 'diverse',
        members: [{ source: 'small' }, { source: 'big' }, { clone: 1 }],
        strategy: { kind: 'majority' },
      },
      budget: {
        usd_micros: 90_000,
        tokens: null,
        shares: 4,
        share: { usd_micros: 20_000, tokens: null },
        arbiter_usd_micros: 10_000,
      },
      // Usual answers of three lanes; the longest of them, of the escalation, and the arbiter's cap.
      ...{ calls: [3, 5], cost_usd_micros: [42_000, 90_000] },
    });
  });

  test('refuses what the router refuses', async () => {
    const cwd = folder();
    const denied = await atp(['policy', 'explain', '--tenant', 'beta', '--model', 'big'], { cwd });
    expect(denied.code).toBe(1);
    expect(denied.out).toContain('refused (policy_denied): Tenant "beta" may not use "big".\n');
    expect(await atp(['policy', 'explain'], { cwd })).toEqual({
      ...{
        code: 2,
        out: '',
        err: 'atp: There are several, and routing depends on which tenant asks; there is acme, beta.\n',
      },
    });
    expect((await explain('--facts', 'risk')).err).toBe(
      'atp: "facts" must be "name=value" parts with ";" between them.\n',
    );
  });
});

describe('atp policy simulate', () => {
  const REQUESTS = [
    '{"tenant":"acme","task_type":"review","facts":{"diff_loc":400,"risk":"high"}}',
    '{"tenant":"acme","task_type":"review","facts":"diff_loc=20"}',
    '',
    '{"tenant":"acme"}',
    '{"tenant":"beta","model":"big","task_type":"review"}',
  ].join('\n');

  test('counts requests by policy, says which come under none, and what they ask and cost', async () => {
    const cwd = folder();
    writeFileSync(join(cwd, 'requests.jsonl'), REQUESTS);
    const once = await atp(['policy', 'simulate', '--requests', 'requests.jsonl'], { cwd });
    expect(once.out).toMatchInlineSnapshot(`
      "4 requests
      POLICY  REQUESTS  SHARE   ASKS AND COSTS
      board   1         25.0 %  3 to 5 answers, $0.042000 to $0.090000
      one     2         50.0 %  1 answer, $0.002000 to $0.030000
      (none)  1         25.0 %  1 answer, $0.002000 to $0.030000
      all: 5 to 7 answers, $0.046000 to $0.150000
      no policy applies to line 4
      refused (policy_denied), line 5: Tenant "beta" may not use "big".
      "
    `);
    expect(await atp(['policy', 'simulate', '--requests', '-'], { cwd, stdin: REQUESTS })).toEqual(once);
    const { out } = await atp(['policy', 'simulate', '--requests', 'requests.jsonl', '--json'], { cwd });
    expect(JSON.parse(out)).toMatchObject({
      requests: 4,
      policies: [
        { policy: 'board', requests: 1, lines: [1], calls: [3, 5], cost_usd_micros: [42_000, 90_000] },
        { policy: 'one', requests: 2, lines: [2, 5] },
        { policy: null, requests: 1, lines: [4] },
      ],
      refused: [{ code: 'policy_denied', requests: 1, lines: [5] }],
    });
  });

  test.each([
    ['{', 'line 1 is no request: It is not JSON.'],
    ['[]', 'line 1 is no request: It is no JSON object.'],
    ['{"tenant":"acme"}\n{"tenant":"acme","fcts":{}}', 'line 2 is no request: There is no field "fcts" here.'],
    ['{"tenant":"nobody"}', 'line 1 is no request: There is no tenant "nobody"; there is acme, beta.'],
  ])('refuses %s', async (stdin, said) => {
    const { code, err } = await atp(['policy', 'simulate', '--requests', '-'], { cwd: folder(), stdin });
    expect(code).toBe(2);
    expect(err).toContain(`atp: -, ${said}`);
  });
});

test('examples of the manual are what the commands take', async () => {
  const manual = readFileSync(join(import.meta.dirname, '../../../docs/operations/policies.md'), 'utf8');
  const [yaml = ''] = [...manual.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
  const [line = ''] = [...manual.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text ?? '');
  const cwd = folder(yaml);
  expect((await atp(['policy', 'lint', '--strict'], { cwd })).code).toBe(0);
  const facts = ['--task-type', 'code_review', '--facts', 'diff_loc=180; risk=high'];
  expect((await atp(['policy', 'explain', ...facts], { cwd })).out).toContain('policy grave applies');
  const tenants = 'tenants: [{ id: acme, qos_max: gold }]\n';
  const simulated = await atp(['policy', 'simulate', '--requests', '-', '--json'], {
    cwd: folder(yaml + tenants),
    stdin: line,
  });
  expect(JSON.parse(simulated.out)).toMatchObject({ requests: 1, policies: [{ policy: 'grave', requests: 1 }, {}] });
});
