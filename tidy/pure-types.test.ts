import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';

// `tsconfig.pure.json` compiles the pure rooms in a world without Node or a browser. These planted files prove that the
// world is really that small; the tidy rule `pure-globals` looks for the same by name, and for what the types cannot see.
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'pure-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function errorsOf(text: string): string[] {
  const file = join(folder, 'planted.ts');
  writeFileSync(file, text);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const { config } = ts.readConfigFile(join(root, 'tsconfig.pure.json'), ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([join(root, 'tidy/pure-globals.d.ts'), file], options);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
}

const offLimits = ['process', 'Buffer', 'setTimeout', 'performance', 'fetch', 'console', 'crypto', 'AbortController'];

test('what a pure room must not touch does not exist there', () => {
  const errors = errorsOf(`export const them: unknown[] = [${offLimits.join(', ')}];\n`);
  expect(offLimits.filter((name) => !errors.some((error) => error.includes(`'${name}'`)))).toEqual([]);
  expect(errorsOf("import 'node:fs';\nexport {};\n")).toHaveLength(1);
});

test('what it may use does', () => {
  const names = ['TextEncoder', 'TextDecoder', 'URL', 'URLSearchParams', 'structuredClone', 'Map', 'BigInt', 'Promise'];
  expect(errorsOf(`export const them: unknown[] = [${names.join(', ')}];\n`)).toEqual([]);
});
