import ts from 'typescript';
import { declaredNames, isPackageSource, isReference, isTestCode, overNodes, visit } from '../ast.ts';
import type { Rule } from '../tree.ts';

const source = 'packages/router/src/a.ts';
const spec = 'packages/flow/test/a.test.ts';
const planted = (at: string, ...texts: readonly string[]): Rule['planted'] =>
  texts.map((text) => ({ at, files: { [at]: text } }));

export const noConsole: Rule = {
  name: 'no-console',
  why: 'A library writes through the logger that it is given. Only programs with a terminal print.',
  check: (tree) =>
    overNodes(
      tree,
      (path) => isPackageSource(path) && !path.startsWith('packages/cli/'),
      (node, report) => {
        if (ts.isIdentifier(node) && node.text === 'console' && isReference(node))
          report('console is for cli, bench, scripts');
      },
    ),
  planted: planted(source, "console.log('x');", "console.error('x');", 'export const log: unknown = console;'),
  clean: { [source]: 'export interface A { console: string }', 'packages/cli/src/a.ts': "console.log('x');" },
};

export const noGlobalFetch: Rule = {
  name: 'no-global-fetch',
  why: 'Global fetch is ten to a hundred times slower than the transport here, and follows none of its limits.',
  check: (tree) =>
    overNodes(
      tree,
      (path) => /^packages\/.*\.ts$/.test(path),
      (node, report, path) => {
        if (ts.isPropertyAccessExpression(node) && /^(globalThis|global|window)\.fetch$/.test(node.getText()))
          report('global fetch');
        if (!ts.isIdentifier(node) || node.text !== 'fetch' || !isReference(node)) return;
        if (!declaredNames(tree.ast(path)).has('fetch')) report('global fetch');
      },
    ),
  planted: planted(
    source,
    "await fetch('x');",
    "globalThis.fetch('x');",
    'export const f: unknown = { transport: fetch };',
  ),
  clean: {
    [source]: "import { fetch } from 'undici';\nawait fetch('x');\ncache.fetch('x');",
    'e2e/test/a.test.ts': "await fetch('x');",
  },
};

const RUNNERS: ReadonlySet<string> = new Set(['it', 'test', 'describe', 'suite', 'ctx', 'context', 'task']);

function rootOf(node: ts.Expression): string {
  if (ts.isPropertyAccessExpression(node) || ts.isCallExpression(node)) return rootOf(node.expression);
  return ts.isIdentifier(node) ? node.text : '';
}

export const noSkippedTests: Rule = {
  name: 'no-skipped-tests',
  why: 'A skipped test is a claim nobody checks; a focused one silences the rest. `skipIf` on an absent service is fine.',
  check: (tree) =>
    overNodes(tree, isTestCode, (node, report) => {
      if (ts.isIdentifier(node) && /^(xit|xtest|xdescribe|fit|fdescribe)$/.test(node.text) && isReference(node))
        report(node.text);
      if (!ts.isPropertyAccessExpression(node) || !/^(only|skip|todo|fails)$/.test(node.name.text)) return;
      if (RUNNERS.has(rootOf(node.expression))) report(node.getText());
    }),
  planted: planted(
    spec,
    ...['only', 'skip', 'todo'].flatMap((word) => [`it.${word}('x', () => {});`, `describe.${word}('x', () => {});`]),
    "test.concurrent.skip('x', () => {});",
    "test.each([1]).only('x', () => {});",
    "test.fails('x', () => {});",
    "xit('x', () => {});",
  ),
  clean: { [spec]: "test.skipIf(!service)('x', () => { reader.skip(2); });" },
};

/** Whether an executor resolves its promise from a timer: `new Promise((done) => setTimeout(done, 5))`. */
function isSleep(node: ts.NewExpression): boolean {
  const executor = node.arguments?.[0];
  if (node.expression.getText() !== 'Promise' || executor === undefined) return false;
  if (!ts.isArrowFunction(executor) && !ts.isFunctionExpression(executor)) return false;
  const resolve = executor.parameters[0]?.name.getText();
  let found = false;
  visit(executor.body, (inner) => {
    if (!ts.isCallExpression(inner) || !/^(globalThis\.)?setTimeout$/.test(inner.expression.getText())) return;
    const callback = inner.arguments[0];
    if (callback === undefined || resolve === undefined) return;
    visit(callback, (name) => {
      if (ts.isIdentifier(name) && name.text === resolve) found = true;
    });
  });
  return found;
}

export const noSleeps: Rule = {
  name: 'no-sleeps',
  why: 'A test that waits for time is slow when it passes and flaky when it fails. Wait for the event, or move a clock.',
  allowable: true,
  check: (tree) =>
    overNodes(tree, isTestCode, (node, report) => {
      if (ts.isNewExpression(node) && isSleep(node)) report('a promise resolved by setTimeout');
      if (ts.isImportDeclaration(node) && /^["'](node:)?timers\/promises["']$/.test(node.moduleSpecifier.getText())) {
        if (/\b(setTimeout|scheduler)\b|\*/.test(node.importClause?.getText() ?? '')) report('timers/promises');
      }
    }),
  planted: planted(
    spec,
    'await new Promise((done) => setTimeout(done, 5));',
    'await new Promise<void>((resolve) => { setTimeout(() => resolve(), 5); });',
    'await new Promise(function (r) { setTimeout(r, 5); });',
    "import { setTimeout as sleep } from 'node:timers/promises';",
    "import * as timers from 'timers/promises';",
  ),
  clean: {
    [spec]: [
      "import { setImmediate } from 'node:timers/promises';",
      "await new Promise((_, reject) => setTimeout(() => reject(new Error('too late')), 5));",
      "await new Promise((done) => socket.once('close', done));",
    ].join('\n'),
    'packages/adapters/src/a.ts': 'await new Promise((done) => setTimeout(done, 5));',
  },
};
