import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atp, type Outcome } from '../support/terminal.ts';
import { AFTER, bug, listOf, PANEL, Panel, repositoryWithBug, type Reviewed } from './panel.ts';
import { Repository } from './repository.ts';
import type { Script } from './upstream.ts';

// The command as it is typed, in a repository with a planted bug, through a real router and a scripted provider. The tests share
// the router, and go in order.

const state: { panel?: Panel } = {};

beforeAll(async () => {
  state.panel = await Panel.start();
});
afterAll(() => state.panel?.close());

async function reviewed(script: Script, args?: readonly string[], repository?: Repository): Promise<Reviewed> {
  if (state.panel === undefined) throw new Error('there is no router');
  return state.panel.reviewed(script, args, repository);
}

interface Printed {
  readonly findings: readonly Readonly<Record<string, unknown>>[];
  readonly uncertainties: readonly string[];
  readonly [name: string]: unknown;
}

const parsed = ({ out }: Outcome): Printed => JSON.parse(out) as Printed;

describe('a review through a running router', () => {
  test('has what two found, with who they are, and leaves out what cites what is not there', async () => {
    const outcome = await reviewed(PANEL, ['--json']);
    expect({ code: outcome.code, err: outcome.err }).toEqual({ code: 1, err: '' });
    const { findings, uncertainties, ...rest } = parsed(outcome);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      ...{ type: 'off_by_one', severity: 'high', file: 'src/mean.js', span: { start_line: 3, end_line: 3 } },
      ...{ found_by: ['review-correctness', 'review-tests'], agreement: 0.4, is_false: false },
    });
    expect(findings[0]?.['citations']).toMatchObject([{ verdict: 'place_only' }, { verdict: 'good' }]);
    expect(uncertainties.join()).toMatch(/left out, evidence 0\.00: critical sql_injection in src\/database\.js/);
    expect(rest).toMatchObject({ policy: 'review', strategy: 'evidence', parts: 1, unreviewed: [], simulated: false });
    expect(rest['cost_usd_micros']).toBe(5 * 140);
    expect(outcome.asked).toHaveLength(5);
    // Each reviewer has the file as it is now, and the change with numbers of its lines.
    for (const { user } of outcome.asked) {
      expect(user).toContain(`\`\`\`text title="src/mean.js" first_line=1\n${AFTER.trimEnd()}\n\`\`\``);
      expect(user).toMatch(/\n {5}3 \+ {3}for \(let i = 0; i <= values\.length/);
    }
  });

  test('writes SARIF where it is told to, and its usage is that of the tenant', async () => {
    const { code, out, err, repository } = await reviewed(PANEL, ['--format', 'sarif', '--output', 'out.sarif']);
    expect({ code, out, err }).toEqual({ code: 1, out: '', err: '' });
    const log = JSON.parse(readFileSync(join(repository.path, 'out.sarif'), 'utf8')) as {
      readonly runs: readonly { readonly results: readonly object[] }[];
    };
    expect(log.runs[0]?.results).toMatchObject([{ ruleId: 'off_by_one', level: 'error' }]);
    const { data } = (await state.panel?.at.data('usage', '--group-by', 'tenant')) ?? {};
    expect(data).toMatchObject([{ tenant: 'acme' }]);
  });

  test('by union everything stays, what is false is marked and fails nothing', async () => {
    const union = ['--policy', 'review-union'];
    const all = await reviewed(PANEL, [...union, '--fail-on', 'critical']);
    expect(all.code).toBe(0);
    expect(all.out).toMatch(
      /^critical sql_injection {2}src\/database\.js:40-41\n(?:.*\n){1,3}?.*CITES WHAT IS NOT THERE/m,
    );
    expect(all.out).toContain('unknown_file');
    expect((await reviewed(PANEL, union)).code).toBe(1);
  });

  test('in two phases what one alone found is asked about again', async () => {
    const lone: Script = ({ system, user }) => {
      if (user.includes('Report 1')) return '1: ACK';
      return system.includes('for correctness') ? listOf(bug) : listOf();
    };
    const outcome = await reviewed(lone, ['--policy', 'review-two-phase', '--json']);
    expect(outcome.code).toBe(1);
    expect(parsed(outcome).findings).toHaveLength(1);
    expect(outcome.asked).toHaveLength(6);
    const denied: Script = (question) => String(lone(question)).replace('1: ACK', '1: NACK');
    const without = await reviewed(denied, ['--policy', 'review-two-phase', '--json']);
    expect({ code: without.code, findings: parsed(without).findings }).toEqual({ code: 0, findings: [] });
  });

  test('exit codes: nothing grave, nothing at all, nobody who can be read, refusals', async () => {
    const mild: Script = () => listOf({ ...bug, severity: 'low' });
    expect((await reviewed(mild)).code).toBe(0);
    expect((await reviewed(mild, ['--fail-on', 'low'])).code).toBe(1);
    expect((await reviewed(mild, ['--fail-on', 'none'])).code).toBe(0);
    const empty = new Repository();
    empty.commit('first');
    expect((await reviewed(mild, [], empty)).code).toBe(0);
    const chatty = await reviewed(() => 'Looks good to me!');
    expect(chatty.code).toBe(5);
    expect(chatty.out).toContain(
      'part 1 was not reviewed (src/mean.js): nobody answered with findings that can be read',
    );
    const refused = await reviewed(() => 400);
    expect(refused.code).toBe(5);
    expect(refused.out).toContain('part 1 was not reviewed');
  });

  test('of a chain it is said what is wrong, and what to do', async () => {
    const outcome = await reviewed(PANEL, ['--policy', 'chain']);
    expect({ code: outcome.code, asked: outcome.asked.length }).toEqual({ code: 5, asked: 1 });
    expect(outcome.out).toMatch(/, policy chain \(one agent alone\)\n/);
    expect(outcome.out).toMatch(
      /part 1 was not reviewed \(src\/mean\.js\): one agent alone has answered: the policy is a chain, .* A review needs a policy with a "fanout"; ready ones are review, /,
    );
    expect(outcome.out).not.toContain('nobody answered');
    // What it cost is paid all the same.
    expect(outcome.out).toMatch(/\n0 findings; cost \$0\.00\d*[1-9]/);
  });

  test('secrets are masked on their way, unless it is said that they may go', async () => {
    const repository = repositoryWithBug();
    const secret = `${'ghp'}_${'a1B2'.repeat(9)}`;
    repository.write('src/key.js', 'export const a = 1;\n');
    repository.write('.env', `PASSWORD=${secret}\n`);
    repository.git('add', '--all');
    repository.write('src/key.js', `export const a = 1;\nexport const key = '${secret}';\n`);
    const outcome = await reviewed(PANEL, [], repository);
    expect(outcome.out).toContain('masked, because they looked like secrets: 1 place.');
    expect(outcome.out).toContain('left out: .env (a file that holds keys)');
    expect(JSON.stringify(outcome.asked)).not.toContain(secret);
    expect(JSON.stringify(outcome.asked)).toContain('[masked:github_token]');
    const open = await reviewed(PANEL, ['--no-mask'], repository);
    expect(JSON.stringify(open.asked)).toContain(secret);
  });

  test('what a review may cost binds', async () => {
    const outcome = await reviewed(PANEL, ['--max-usd', '0.000001']);
    expect(outcome.code).toBe(5);
    expect(outcome.asked).toEqual([]);
  });

  test('a large change is asked about in parts, and in no more than are allowed', async () => {
    const repository = repositoryWithBug();
    for (let i = 0; i < 6; i += 1) {
      repository.write(
        `src/file${i}.js`,
        Array.from({ length: 700 }, (_, n) => `export const v${n} = ${i};`).join('\n'),
      );
    }
    repository.git('add', '--all');
    const outcome = await reviewed(PANEL, ['--json'], repository);
    expect(parsed(outcome).findings).toHaveLength(1);
    expect(Number(parsed(outcome)['parts'])).toBeGreaterThan(2);
    for (const { user } of outcome.asked) expect(user.length).toBeLessThan(60_000);
    // A citation holds at the line that it has in the whole file, of which each part has an excerpt.
    const span = { start_line: 650, end_line: 650 };
    const late = { ...bug, file: 'src/file3.js', span, evidence: [{ file: 'src/file3.js', span, quote: 'v649 = 3' }] };
    const { findings } = parsed(await reviewed(() => listOf(late), ['--json'], repository));
    expect(findings).toHaveLength(1);
    expect(findings[0]?.['citations']).toMatchObject([{ verdict: 'place_only' }, { verdict: 'good' }]);
    const refused = await reviewed(PANEL, ['--max-parts', '2'], repository);
    expect({ code: refused.code, asked: refused.asked }).toEqual({ code: 2, asked: [] });
    expect(refused.err).toContain('--max-parts allows 2');
  });

  test('wrong usage', async () => {
    const { cwd } = { cwd: repositoryWithBug().path };
    const code = async (...args: readonly string[]): Promise<number> => (await atp(['review', ...args], { cwd })).code;
    expect(await code('--fail-on', 'terrible')).toBe(2);
    expect(await code('--max-usd', '-1')).toBe(2);
    expect(await code('--config', 'x.yaml', '--url', 'http://127.0.0.1:1')).toBe(2);
    expect(await code('--url', 'http://127.0.0.1:1')).toBe(4);
    expect(await code('--url', 'http://127.0.0.1:1', '--key', 'k')).toBe(3);
    expect((await reviewed(PANEL, ['nowhere'])).code).toBe(2);
    expect((await reviewed(PANEL, ['--key', 'wrong'])).code).toBe(4);
    expect((await reviewed(PANEL, ['--simulated'])).code).toBe(2);
    const unknown = await reviewed(PANEL, ['--policy', 'none-such']);
    expect({ code: unknown.code, says: unknown.out.includes('none-such') }).toEqual({ code: 5, says: true });
  });
});
