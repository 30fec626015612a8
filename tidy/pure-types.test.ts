import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, expect, test } from 'vitest';

// Pure rooms are compiled in a world without Node or a browser. These planted files prove that the world is really that
// small, and the tidy rule `pure-projects` that every pure room is compiled in it; the tidy rule `pure-globals` looks for the same by name, and for what the types cannot see.
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'pure-types-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function errorsOf(text: string): string[] {
  const file = join(folder, 'planted.ts');
  writeFileSync(file, text);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  const room = join(root, 'packages/kernel');
  const { config } = ts.readConfigFile(join(room, 'tsconfig.build.json'), ts.sys.readFile) as { config: unknown };
  const parsed = ts.parseJsonConfigFileContent(config, ts.sys, room);
  const options: ts.CompilerOptions = { ...parsed.options, rootDir: folder, outDir: folder };
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
