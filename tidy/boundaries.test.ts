import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import rooms from './rooms.json' with { type: 'json' };

// The boundaries check is only worth something if it can fail: every rule gets a planted bad import, in a tree built
// for the purpose, judged by the very command and configuration that `npm run boundaries` uses.
const root = join(import.meta.dirname, '..');
const cli = join(root, 'node_modules/.bin/depcruise');
const run = promisify(execFile);

interface Summary {
  totalCruised: number;
  violations: { from: string; to: string; rule: { name: string } }[];
}
interface Report {
  summary: Summary;
  modules: { source: string }[];
}

const args = (...folders: readonly string[]): string[] => [cli, '--config', '.dependency-cruiser.cjs', ...folders];
const options = (tree: string): { cwd: string; maxBuffer: number } => ({ cwd: tree, maxBuffer: 64 * 1024 * 1024 });

async function report(tree: string, ...folders: string[]): Promise<Report> {
  const { stdout } = await run(process.execPath, [...args(...folders), '--output-type', 'json'], options(tree));
  return JSON.parse(stdout) as Report;
}

/** What `npm run boundaries` would say: the exit code is what CI sees, and only the human-readable report sets it. */
async function cruise(tree: string, ...folders: string[]): Promise<{ ok: boolean; summary: Summary }> {
  const { summary } = await report(tree, ...folders);
  const ok = await run(process.execPath, args(...folders), options(tree)).then(
    () => true,
    () => false,
  );
  return { ok, summary };
}

const trees: string[] = [];
afterAll(() => {
  for (const tree of trees) rmSync(tree, { recursive: true, force: true });
});

/** A workspace with every known room (an empty entry each), one vendor library, and the given files on top. */
function plant(files: Readonly<Record<string, string>>): string {
  const tree = mkdtempSync(join(tmpdir(), 'boundaries-'));
  trees.push(tree);
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  };
  cpSync(join(root, '.dependency-cruiser.cjs'), join(tree, '.dependency-cruiser.cjs'));
  cpSync(join(root, 'tidy/rooms.json'), join(tree, 'tidy/rooms.json'));
  write('package.json', JSON.stringify({ name: 'planted', private: true, workspaces: ['packages/*'], type: 'module' }));
  write('node_modules/vendor/package.json', JSON.stringify({ name: 'vendor', version: '1.0.0', main: 'index.js' }));
  write('node_modules/vendor/index.js', 'export const vendor = 1;\n');
  mkdirSync(join(tree, 'node_modules/@atp-router'));
  for (const folder of [...Object.keys(rooms), 'stranger']) {
    const exports = { '.': { 'atp-source': './src/index.ts', default: './dist/index.js' } };
    const dependencies = folder === 'adapters' ? {} : { vendor: '1.0.0' };
    write(
      `packages/${folder}/package.json`,
      JSON.stringify({ name: `@atp-router/${folder}`, version: '1.0.0', type: 'module', exports, dependencies }),
    );
    write(`packages/${folder}/src/index.ts`, `export const ${folder}: string = '${folder}';\n`);
    write(`packages/${folder}/src/inside.ts`, 'export const inside: number = 1;\n');
    symlinkSync(join('../../packages', folder), join(tree, 'node_modules/@atp-router', folder));
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return tree;
}

const importing = (specifier: string): string =>
  `import * as it from '${specifier}';\nexport const used: unknown = it;\n`;

const clean: Readonly<Record<string, string>> = {
  'packages/providers/src/ok.ts': importing('@atp-router/dialects'),
  'packages/router/src/ok.ts': importing('@atp-router/adapters'),
  'packages/router/src/node.ts': importing('node:fs'),
  'packages/cli/src/ok.ts': importing('@atp-router/router'),
  'packages/cli/src/vendor.ts': importing('vendor'),
  'packages/flow/test/ok.test.ts': importing('vendor') + importing('node:assert').replaceAll(/it|used/g, '$&2'),
  'packages/flow/test/entry.test.ts': importing('../src/index.ts'),
  'e2e/test/ok.test.ts': importing('@atp-router/cli'),
  'tidy/ok.test.ts': importing('@atp-router/cli'),
};

/** What every room must not reach: the room furthest from it in the order of dependency. */
const forbiddenFor = (room: string): string => (room === 'cli' ? 'ledger' : 'cli');

const planted: readonly { rule: string; file: string; text: string }[] = [
  ...Object.keys(rooms).map((room) => ({
    rule: `room-${room}`,
    file: `packages/${room}/src/bad.ts`,
    text: importing(`@atp-router/${forbiddenFor(room)}`),
  })),
  { rule: 'room-kernel', file: 'packages/kernel/src/up.ts', text: importing('@atp-router/flow') },
  { rule: 'room-flow', file: 'packages/flow/src/sideways.ts', text: importing('@atp-router/ledger') },
  { rule: 'room-adapters', file: 'packages/adapters/src/up.ts', text: importing('@atp-router/router') },
  {
    rule: 'room-call',
    file: 'packages/call/src/types.ts',
    text: `import type { flow } from '@atp-router/flow';\nexport type T = typeof flow;\n`,
  },
  {
    rule: 'room-call',
    file: 'packages/call/src/lazy.ts',
    text: `export const late: unknown = import('@atp-router/flow');\n`,
  },
  { rule: 'room-call', file: 'packages/call/src/again.ts', text: `export * from '@atp-router/flow';\n` },
  { rule: 'room-call', file: 'packages/call/test/up.test.ts', text: importing('@atp-router/adapters') },
  { rule: 'room-router-tests', file: 'packages/router/test/up.test.ts', text: importing('@atp-router/cli') },
  { rule: 'room-conform-tests', file: 'packages/conform/test/up.test.ts', text: importing('@atp-router/cli') },
  { rule: 'room-router', file: 'packages/router/src/client.ts', text: importing('@atp-router/sdk') },
  { rule: 'unknown-room', file: 'packages/stranger/src/bad.ts', text: importing('@atp-router/kernel') },
  { rule: 'pure-no-node', file: 'packages/ledger/src/node.ts', text: importing('node:fs') },
  { rule: 'pure-no-node', file: 'packages/ledger/src/bare.ts', text: importing('crypto') },
  { rule: 'pure-no-vendor', file: 'packages/ledger/src/vendor.ts', text: importing('vendor') },
  { rule: 'browser-no-node', file: 'packages/sdk/src/node.ts', text: importing('node:fs') },
  { rule: 'browser-no-vendor', file: 'packages/sdk/src/vendor.ts', text: importing('vendor') },
  { rule: 'entry-only', file: 'packages/router/src/deep.ts', text: importing('../../flow/src/inside.ts') },
  {
    rule: 'entry-only-from-outside',
    file: 'e2e/test/deep.test.ts',
    text: importing('../../packages/flow/src/inside.ts'),
  },
  { rule: 'by-name-not-by-path', file: 'packages/router/src/path.ts', text: importing('../../flow/src/index.ts') },
  { rule: 'by-name-not-by-path', file: 'e2e/test/path.test.ts', text: importing('../../packages/flow/src/index.ts') },
  { rule: 'by-name-not-by-path', file: 'tidy/path.test.ts', text: importing('../packages/flow/src/index.ts') },
  {
    rule: 'rooms-stand-alone',
    file: 'packages/router/test/bench.test.ts',
    text: importing('../../../bench/src/load.ts'),
  },
  { rule: 'src-not-test', file: 'packages/router/src/fake.ts', text: importing('../test/fake.ts') },
  { rule: 'declared-dependencies', file: 'packages/adapters/src/undeclared.ts', text: importing('vendor') },
  {
    rule: 'no-unresolvable',
    file: 'packages/router/src/subpath.ts',
    text: importing('@atp-router/flow/src/inside.ts'),
  },
  { rule: 'no-unresolvable', file: 'packages/router/src/missing.ts', text: importing('./nowhere.ts') },
  { rule: 'no-cycles', file: 'packages/flow/src/a.ts', text: importing('./b.ts') },
];
const support: Readonly<Record<string, string>> = {
  'packages/flow/src/b.ts': importing('./a.ts'),
  'packages/router/test/fake.ts': 'export const fake: number = 1;\n',
  'bench/src/load.ts': 'export const load: number = 1;\n',
};

describe('the boundaries check', () => {
  test('passes a tree that keeps the rules', async () => {
    const { ok, summary } = await cruise(plant(clean), 'packages', 'e2e', 'tidy');
    expect(summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).toEqual([]);
    expect(ok).toBe(true);
  });

  test('catches every planted bad import, and every rule has one', async () => {
    const files = Object.fromEntries(planted.map(({ file, text }) => [file, text]));
    const tree = plant({ ...clean, ...support, ...files });
    const { ok, summary } = await cruise(tree, 'packages', 'e2e', 'bench', 'tidy');
    const found = new Set(summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`));
    const missed = planted.map(({ rule, file }) => `${rule}: ${file}`).filter((one) => !found.has(one));
    expect(missed).toEqual([]);
    expect(ok).toBe(false);
    const guilty = new Set([...planted.map(({ file }) => file), ...Object.keys(support)]);
    expect(summary.violations.filter(({ from }) => !guilty.has(from)).map(({ from }) => from)).toEqual([]);

    const config = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };
    const covered = new Set(planted.map(({ rule }) => rule));
    expect(config.forbidden.map(({ name }) => name).filter((name) => !covered.has(name))).toEqual([]);
  });

  test('sees every room of this repository', async () => {
    const { modules } = await report(root, 'packages');
    const seen = new Set(modules.map(({ source }) => /^packages\/([^/]+)\/src\//.exec(source)?.[1]));
    expect(readdirSync(join(root, 'packages')).filter((room) => !seen.has(room))).toEqual([]);
  });
});
