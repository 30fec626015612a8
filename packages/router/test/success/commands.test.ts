import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dataDir } from '../admin/harness.ts';
import { call } from '../admin/http.ts';
import { type Crew, crew } from '../auto/crew.ts';
import { counted, idOf, until, wordsOn } from './judged-crew.ts';

/** A program in a folder of its own; it is no file that a test can start before it is whole. */
function program(lines: readonly string[]): { readonly path: string; readonly dir: string } {
  const dir = dataDir();
  const path = join(dir, 'check.mjs');
  writeFileSync(path, lines.join('\n'));
  chmodSync(path, 0o700);
  return { path, dir };
}

const STDIN = `import { appendFileSync, readFileSync } from 'node:fs';
const of = JSON.parse(readFileSync(0, 'utf8'));`;

function checked(path: string, more: object = {}, args: readonly string[] = []): Promise<Crew> {
  const check = { kind: 'command', command: [process.execPath, path, ...args], timeout_ms: 60_000, ...more };
  return crew((_, prompt) => prompt, { plans: 'single', validators: [{ checks: [check] }] });
}

async function rights(one: Crew, ids: readonly string[]): Promise<readonly (number | undefined)[]> {
  await until(() => expect(ids.every((id) => wordsOn(one, id).length === 1)).toBe(true));
  return ids.map((id) => wordsOn(one, id)[0]?.right);
}

test('a program says whether an answer is right: by how it ends, or by a number', async () => {
  const { path, dir } = program([
    STDIN,
    `appendFileSync(process.argv[2], JSON.stringify({ of, env: Object.keys(process.env), cwd: process.cwd() }) + '\\n');`,
    `if (of.answer === 'wrong') process.exit(1);`,
    `if (of.answer === 'half') console.log('0.5');`,
  ]);
  const seen = join(dir, 'seen');
  const one = await checked(path, { with_prompt: true, weight: 0.4 }, [seen]);
  const ids: string[] = [];
  for (const prompt of ['right', 'wrong', 'half'])
    ids.push(idOf(await one.ask(prompt, {}, { 'x-atp-task-type': 'extract' })));
  expect(await rights(one, ids)).toEqual([1, 0, 0.5]);
  expect(wordsOn(one, ids[0] ?? '')[0]).toMatchObject({ by: 'validator:command', weight: 0.4 });
  const told = readFileSync(seen, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(told).toHaveLength(3);
  expect(told).toContainEqual({
    of: { answer: 'right', task: 'extract', prompt: 'right' },
    env: ['PATH'],
    cwd: '/',
  });
  await counted(one, 'atp_success_checks_total{kind="command",result="pass"} 2');
  await counted(one, 'atp_success_checks_total{kind="command",result="fail"} 1');
});

test('one that ends otherwise, says something else or cannot be started says nothing', async () => {
  const { path } = program([STDIN, `if (of.answer === 'x') process.exit(3);`, `console.log('fine');`]);
  const one = await checked(path);
  await one.ask('x');
  await one.ask('y');
  await counted(one, 'atp_success_checks_total{kind="command",result="fault"} 2');
  const none = await checked(path, { command: ['/no/such/program'] });
  await none.ask('x');
  await counted(none, 'atp_success_checks_total{kind="command",result="fault"} 1');
  for (const of of [one, none]) expect(of.events.some(({ type }) => type === 'route.feedback')).toBe(false);
});

test('one that takes too long is ended with all that it has started, and others go on', async () => {
  const { path, dir } = program([
    STDIN,
    `import { spawn } from 'node:child_process';`,
    `const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' });`,
    `appendFileSync(process.argv[2], String(child.pid));`,
    `setInterval(() => {}, 1000);`,
  ]);
  const file = join(dir, 'child');
  const one = await checked(path, { timeout_ms: 3_000 }, [file]);
  expect((await one.ask('x')).status).toBe(200);
  await counted(one, 'atp_success_checks_total{kind="command",result="slow"} 1');
  const isRunning = (pid: number): boolean => {
    // What has ended and was not asked for yet is not running.
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8') : ') Z';
    return stat.split(') ').at(-1)?.startsWith('Z') === false;
  };
  await until(() => expect(isRunning(Number(readFileSync(file, 'utf8')))).toBe(false));
});

test('two run at a time, more wait, and more than may wait are left out', async () => {
  const { path, dir } = program([
    STDIN,
    `appendFileSync(process.argv[2], 'x');`,
    `import { watch, existsSync } from 'node:fs';`,
    `const go = process.argv[2] + '.go';`,
    `const timer = setInterval(() => { if (existsSync(go)) clearInterval(timer); }, 10);`,
  ]);
  const file = join(dir, 'begun');
  const one = await checked(path, {}, [file]);
  for (let n = 0; n < 69; n += 1) expect((await one.ask(`number ${n}`)).status).toBe(200);
  await counted(one, 'atp_success_left_out_total{reason="queue"} 3');
  await until(() => expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe('xx'));
  // Whoever runs is ended with the router, and nobody begins.
  await one.running.stop();
  expect(readFileSync(file, 'utf8').length).toBeLessThan(5);
});

test('a pattern that an answer has to have, or must not, is held against it', async () => {
  const checks = [
    { kind: 'pattern', pattern: '^[A-D]$', limit_ms: 1_000 },
    { kind: 'pattern', pattern: '(?i)as an ai', must_match: false, weight: 0.3, limit_ms: 1_000 },
  ];
  const one = await crew((_, prompt) => prompt, { plans: 'single', validators: [{ checks }] });
  const ids: string[] = [];
  for (const prompt of ['B', 'As an AI, B', 'E']) ids.push(idOf(await one.ask(prompt)));
  expect(await rights(one, ids)).toEqual([1, 0, 0]);
  expect((await call(`${one.running.url}/metrics`)).text).toContain(
    'atp_success_checks_total{kind="pattern",result="fail"} 3',
  );
});
