import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// A lint configuration that ignores a folder by mistake, or names a rule that no longer exists, passes everything. Here the
// real configurations judge a planted tree and have to find what was planted.
const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const tree = mkdtempSync(join(tmpdir(), 'lint-'));
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

const typed: Readonly<Record<string, string>> = {
  'await-thenable': 'export async function f(): Promise<void> { await 1; }',
  'no-floating-promises': 'async function g(): Promise<void> {}\nexport function f(): void { g(); }',
  'no-misused-promises':
    'export const f = (run: () => Promise<boolean>): number => { if (run()) return 1; return 2; };',
  'only-throw-error': "export function f(): never { throw 'text'; }",
  'prefer-promise-reject-errors': "export const f = (): Promise<never> => Promise.reject('text');",
  'switch-exhaustiveness-check':
    "export function f(a: 'x' | 'y'): number { switch (a) { case 'x': return 1; } return 2; }",
};
const plain: Readonly<Record<string, string>> = {
  noExplicitAny: 'export const f = (a: any): unknown => a;',
  noNonNullAssertion: 'export const f = (a: string | undefined): string => a!;',
  useConst: 'export function f(): number { let a = 1; return a; }',
  useImportType: "import { Stats } from 'node:fs';\nexport type S = Stats;",
  useNodejsImportProtocol: "import type { Stats } from 'fs';\nexport type S = Stats;",
  noUnusedVariables: 'export function f(): number { const a = 1; return 2; }',
};
const places = ['packages/flow/src', 'packages/flow/test', 'e2e/test', 'bench/src', 'tidy'];

function plant(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(join(tree, folder), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(tree, folder, `${name}.ts`), `${text}\n`);
}

beforeAll(async () => {
  for (const file of ['eslint.config.js', 'biome.json', 'tsconfig.json', 'tsconfig.base.json', '.gitignore']) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    cpSync(join(root, file), join(tree, file));
  }
  writeFileSync(join(tree, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  for (const folder of places) plant(folder, { ...typed, ...plain });
  await run('git', ['init', '--quiet', tree]);
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

/** Runs a linter that is expected to fail and returns what it printed. */
async function findings(command: string, ...args: readonly string[]): Promise<string> {
  const failed = await run(command, args, { cwd: tree, maxBuffer: 64 * 1024 * 1024 }).then(
    () => undefined,
    (error: { stdout: string; stderr: string }) => error.stdout + error.stderr,
  );
  if (failed === undefined) throw new Error(`${command} found nothing wrong`);
  return failed;
}

describe('the linters', () => {
  test('eslint finds what needs types, wherever it is', async () => {
    const printed = await findings(bin('eslint'), '--format', 'json', '.');
    const files = JSON.parse(printed) as { filePath: string; messages: { ruleId: string | null }[] }[];
    for (const folder of places) {
      const found = Object.keys(typed).filter((rule) => {
        const file = files.find(({ filePath }) => filePath.endsWith(`/${folder}/${rule}.ts`));
        return file?.messages.some(({ ruleId }) => ruleId === `@typescript-eslint/${rule}`);
      });
      expect(found).toEqual(Object.keys(typed));
    }
  });

  test('biome finds the rest, wherever it is', async () => {
    const printed = await findings(
      bin('biome'),
      'lint',
      '--error-on-warnings',
      '--reporter=github',
      '--max-diagnostics=none',
      '.',
    );
    for (const folder of places) {
      const lines = printed.split('\n').filter((line) => line.includes(`/${folder}/`));
      const found = Object.keys(plain).filter((rule) =>
        lines.some((line) => line.includes(`/${rule},`) && line.includes(`/${rule}.ts,`)),
      );
      expect(found).toEqual(Object.keys(plain));
    }
  });

  test('biome finds what is not formatted', async () => {
    expect(await findings(bin('biome'), 'format', '--max-diagnostics=none', '.')).toContain(
      'packages/flow/src/useConst.ts',
    );
  });
});
