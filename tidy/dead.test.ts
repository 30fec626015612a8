import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';

// The real configuration of the dead-code check, on a planted workspace that holds one of each kind of dead thing.
const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const tree = mkdtempSync(join(tmpdir(), 'dead-'));
afterAll(() => rmSync(tree, { recursive: true, force: true }));

const manifest = {
  name: '@atp-router/flow',
  version: '1.0.0',
  type: 'module',
  exports: { '.': { 'atp-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
  dependencies: { undici: '8.0.0', pino: '10.0.0' },
};
const files: Readonly<Record<string, string>> = {
  'package.json': JSON.stringify({ name: 'planted', private: true, type: 'module', workspaces: ['packages/*'] }),
  'packages/flow/package.json': JSON.stringify(manifest),
  'packages/flow/src/index.ts': "export * from './used.ts';\nexport { live } from './mixed.ts';\n",
  'packages/flow/src/used.ts':
    "import { request } from 'undici';\nimport { z } from 'zod';\nexport const used: unknown = [request, z];\n",
  'packages/flow/src/mixed.ts': 'export const live: number = 1;\nexport const deadExport: number = 2;\n',
  'packages/flow/src/dead-file.ts': 'export const orphan: number = 1;\n',
};

interface Report {
  issues: {
    file: string;
    files?: unknown[];
    dependencies?: { name: string }[];
    unlisted?: { name: string }[];
    exports?: { name: string }[];
  }[];
}

test('knip finds dead files, exports and dependencies, and undeclared ones', async () => {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  for (const file of ['knip.json', 'tsconfig.json', 'tsconfig.base.json']) cpSync(join(root, file), join(tree, file));
  symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'));
  const args = ['--reporter', 'json', '--no-config-hints', '--no-progress'];
  const printed = await run(join(root, 'node_modules/.bin/knip'), args, { cwd: tree }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  const { issues } = JSON.parse(printed) as Report;
  const named = (kind: 'dependencies' | 'unlisted' | 'exports'): string[] =>
    issues.flatMap((issue) => issue[kind]?.map(({ name }) => name) ?? []);
  expect(named('dependencies')).toEqual(['pino']);
  expect(named('unlisted')).toEqual(['zod']);
  expect(named('exports')).toEqual(['deadExport']);
  expect(issues.filter((issue) => (issue.files?.length ?? 0) > 0).map(({ file }) => file)).toEqual([
    'packages/flow/src/dead-file.ts',
  ]);
});
