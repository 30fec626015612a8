import ts from 'typescript';
import { declaredNames, isPackageSource, isPureSource, isReference, overNodes } from '../ast.ts';
import type { Rule } from '../tree.ts';

const GLOBALS: ReadonlySet<string> = new Set([
  ...['process', 'Buffer', 'performance', 'console', 'fetch', 'crypto', 'globalThis', 'global', 'navigator', 'require'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'queueMicrotask', '__dirname'],
  ...['WebSocket', 'EventSource', 'XMLHttpRequest', 'Worker', 'MessageChannel', 'BroadcastChannel', 'localStorage'],
]);
const MEMBERS: ReadonlySet<string> = new Set(['Date.now', 'Math.random', 'AbortSignal.timeout', 'Temporal.Now']);

export const pureGlobals: Rule = {
  name: 'pure-globals',
  why: 'Pure rooms get time, randomness and IO as arguments, so that a simulator can drive them and replay a failure.',
  check: (tree) =>
    overNodes(tree, isPureSource, (node, report, path) => {
      if (ts.isPropertyAccessExpression(node) && MEMBERS.has(node.getText()))
        report(`${node.getText()} in a pure room`);
      if (ts.isMetaProperty(node)) report('import.meta in a pure room');
      if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) {
        report('new Date() reads the clock');
      }
      if (ts.isCallExpression(node) && node.expression.getText() === 'Date') report('Date() reads the clock');
      if (!ts.isIdentifier(node) || !GLOBALS.has(node.text) || !isReference(node)) return;
      if (!declaredNames(tree.ast(path)).has(node.text)) report(`${node.text} in a pure room`);
    }),
  planted: [
    'Date.now()',
    'new Date()',
    'Math.random()',
    'performance.now()',
    'setTimeout(() => 1, 2)',
    'setInterval(() => 1, 2)',
    'process.env',
    "Buffer.from('a')",
    "fetch('x')",
    'crypto.randomUUID()',
    'globalThis',
    'import.meta.url',
    "console.info('x')",
  ].map((code) => ({
    at: 'packages/flow/src/a.ts',
    files: { 'packages/flow/src/a.ts': `export const a: unknown = ${code};\n` },
  })),
  clean: {
    'packages/flow/src/a.ts': [
      'export const at = (ms: number): Date => new Date(ms);',
      'export interface Shape { process: string; fetch(): void }',
      "export const shape: Shape = { process: 'x', fetch: () => undefined };",
      'export const run = (process: string): string => process;',
      'export const name: string = shape.process;',
    ].join('\n'),
    'packages/flow/test/a.test.ts': 'setTimeout(() => 1, 2);\n',
    'packages/adapters/src/a.ts': 'export const now: number = Date.now();\n',
  },
};

const topLevel = (node: ts.Node): node is ts.VariableStatement =>
  ts.isVariableStatement(node) &&
  ts.isSourceFile(node.parent) &&
  !node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword);

export const noModuleLet: Rule = {
  name: 'no-module-let',
  why: 'State at module level is shared by everything in the process and cannot be reset, injected or seen.',
  check: (tree) =>
    overNodes(
      tree,
      (path) => /^(packages\/[^/]+|e2e|bench|conformance)\/src\/.*\.ts$|^(scripts|tidy)\/.*\.(ts|mjs)$/.test(path),
      (node, report) => {
        if (topLevel(node) && !(node.declarationList.flags & ts.NodeFlags.Const)) report('let or var at module level');
      },
    ),
  planted: ['let a: number = 1;', 'export let a: number = 1;', 'var a = 1;'].map((text) => ({
    at: 'packages/router/src/a.ts',
    files: { 'packages/router/src/a.ts': text },
  })),
  clean: {
    'packages/router/src/a.ts':
      'export const a: number = 1;\nexport function f(): number { let b = 1; b += 1; return b; }\n',
  },
};

const COLLECTIONS =
  /^(Map|Set|WeakMap|WeakSet|Array|Int8Array|Uint8Array|Uint16Array|Uint32Array|Int32Array|Float64Array)$/;

/** Whether a module-level constant can be changed by whoever reaches it: a collection whose declared type is not read-only. */
function isMutable({ type, initializer }: ts.VariableDeclaration): boolean {
  if (initializer === undefined) return false;
  const declared = type?.getText() ?? '';
  if (/^(Readonly|readonly\b)/.test(declared)) return false;
  // Nothing can be put into an array of bytes that has none.
  const empty = ts.isNewExpression(initializer) && initializer.arguments?.[0]?.getText() === '0';
  if (ts.isNewExpression(initializer)) return !empty && COLLECTIONS.test(initializer.expression.getText());
  if (ts.isArrayLiteralExpression(initializer)) return true;
  return (
    ts.isObjectLiteralExpression(initializer) && initializer.properties.length === 0 && /^($|Record<|\{)/.test(declared)
  );
}

export const noModuleMutable: Rule = {
  name: 'no-module-mutable',
  why: 'A table is typed read-only (ReadonlyMap, ReadonlySet, readonly T[], `as const`); anything else is hidden state.',
  check: (tree) =>
    overNodes(tree, isPackageSource, (node, report) => {
      if (!topLevel(node)) return;
      for (const one of node.declarationList.declarations) {
        if (isMutable(one)) report(`${one.name.getText()} can be changed by anyone who reaches it`);
      }
    }),
  planted: [
    'export const a: Map<string, string> = new Map();',
    'const a = new Set<string>();',
    'export const a: string[] = [];',
    'const a = [1, 2];',
    'const a: Record<string, string> = {};',
    'const a = new Uint8Array(4);',
  ].map((text) => ({ at: 'packages/flow/src/a.ts', files: { 'packages/flow/src/a.ts': text } })),
  clean: {
    'packages/flow/src/a.ts': [
      "export const a: ReadonlyMap<string, string> = new Map([['a', 'b']]);",
      'export const b: readonly string[] = [];',
      'const c = [1, 2] as const;',
      "export const d: Readonly<Record<string, string>> = { a: 'b' };",
      'export const none: Limits = {};',
      'const nothing = new Uint8Array(0);',
      'export function e(): Map<string, string> { const f = new Map<string, string>(); return f; }',
    ].join('\n'),
  },
};
