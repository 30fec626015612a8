import { afterAll, beforeAll, expect, test } from 'vitest';
import { atp } from './support/terminal.ts';
import { CONFIG, Workplace } from './support/workplace.ts';

// Against a real router in this process, whose policy asks three simulated models.

const MODELS = ['one', 'two', 'three'];
const MORE = `${CONFIG.replace(
  'models:\n',
  `models:\n${MODELS.map((id) => `  - { id: ${id}, provider: up, context: 100000, price: { in_usd_per_mtok: 1, out_usd_per_mtok: 2 } }\n`).join('')}`,
)}policies:
  - { id: panel, fanout: { mode: diverse, agents: [${MODELS.join(', ')}] }, consensus: { strategy: majority } }
`;
const at = new Workplace(MORE);
let id = '';

beforeAll(async () => {
  await at.start();
  at.key = String((await at.data('keys', 'create', '--tenant', 'acme'))['key']);
  await at.fine('ask', 'Say what you think.', '--model', 'policy:panel');
  const { data } = (await at.data('consensus', 'list')) as { data: { call_id: string }[] };
  id = data[0]?.call_id ?? '';
});
afterAll(() => at.close());

test('sessions are listed, and filtered', async () => {
  expect(await at.fine('consensus', 'list')).toMatch(
    new RegExp(`^SESSION .*\n${id} +acme +panel +majority +diverse +ok +3 `),
  );
  expect(await at.fine('consensus', 'list', '--strategy', 'union')).toBe('none\n');
});

test('replay says who said what, where they differ and why it came out, without colours for a file', async () => {
  const out = await at.fine('consensus', 'replay', id, '--width', '60');
  expect(out).toMatch(new RegExp(`^SESSION ${id}: policy panel, diverse, majority: ok\n`));
  expect(out).toMatch(/\n0 +member +one +one +finalized +/);
  expect(out).toMatch(/\n +[0-9.]+ ms {2}lane [012] \((one|two|three)\) has answered\n/);
  expect(out).toContain('ANSWERS; bare: all others say it, too; <two thirds and more>;');
  expect(out).toMatch(/\nlane 0 \(one\), \d+ % said by others, too\n {4}\S/);
  expect(out).toMatch(/\nWHY\n {2}- 1 of 3 votes|\nWHY\n {2}- \d of 3 votes/);
  expect(out).toMatch(/\nTIME dispatch [0-9.]+ ms, stream /);
  expect(out).toMatch(/\nREPLAY by majority: the same result\n/);
  expect(out).not.toContain('\x1b');
  const texts = out.split('\nANSWERS')[1]?.split('\nWHY')[0]?.split('\n').slice(1) ?? [];
  for (const line of texts) expect(line.length).toBeLessThanOrEqual(60);
});

test('in colours on a terminal that wants them', async () => {
  const setting = { cwd: at.cwd, env: { ATP_URL: at.url }, out_is_tty: true };
  const { out } = await atp(['consensus', 'replay', id], setting);
  expect(out).toContain('\x1b[3');
  const plain = await atp(['consensus', 'replay', id], { ...setting, env: { ...setting.env, NO_COLOR: '1' } });
  expect(plain.out).not.toContain('\x1b');
});

test('with another strategy it says what that one would have made of it', async () => {
  const out = await at.fine('consensus', 'replay', id, '--strategy', 'first_win');
  expect(out).toContain('\nREPLAY by first_win in place of majority: ');
  const { session, replay } = (await at.data('consensus', 'replay', id, '--strategy', 'first_win')) as Record<
    string,
    object
  >;
  expect(session).toMatchObject({ call_id: id, answers: 'kept' });
  expect(replay).toMatchObject({ strategy: 'first_win', recorded_strategy: 'majority' });
  const unknown = await at.run(['consensus', 'replay', id, '--strategy', 'oracle']);
  expect([unknown.code, unknown.err]).toEqual([1, expect.stringContaining('"strategy" must be one of')]);
  expect((await at.run(['consensus', 'replay', 'call_nobody'])).code).toBe(1);
});
