import ts from 'typescript';
import { isCode, isTestCode, overNodes } from '../ast.ts';
import type { Rule, Tree } from '../tree.ts';

const LINES = 300;
const LINES_MAX = 500;

const wanted = (path: string): boolean =>
  (isCode(path) || /\.(sh|py|go|sql)$/.test(path)) && !/(^|\/)(fixtures|generated)\//.test(path);
const linesOf = (tree: Tree, path: string): number => tree.text(path).trimEnd().split('\n').length;

const longerThan = (limit: number) => (tree: Tree) =>
  tree.files
    .filter(wanted)
    .map((path) => ({ path, lines: linesOf(tree, path) }))
    .filter(({ lines }) => lines > limit)
    .map(({ path, lines }) => ({ path, line: 0, message: `${lines} lines; at most ${limit}. Split it by purpose.` }));

const long = (lines: number): string => 'export {};\n'.repeat(lines);

export const fileLength: Rule = {
  name: 'file-length',
  why: 'A file that can be read in one go gets read.',
  allowable: true,
  check: longerThan(LINES),
  planted: [
    { at: 'packages/flow/src/long.ts', files: { 'packages/flow/src/long.ts': long(LINES + 1) } },
    { at: 'scripts/long.sh', files: { 'scripts/long.sh': 'echo\n'.repeat(LINES + 1) } },
  ],
  clean: { 'packages/flow/src/full.ts': long(LINES), 'docs/long.md': 'text\n'.repeat(LINES_MAX + 1) },
};

export const fileLengthMax: Rule = {
  name: 'file-length-max',
  why: 'No reason is good enough for a file longer than this.',
  check: longerThan(LINES_MAX),
  planted: [{ at: 'packages/flow/src/huge.ts', files: { 'packages/flow/src/huge.ts': long(LINES_MAX + 1) } }],
  clean: { 'packages/flow/src/full.ts': long(LINES_MAX) },
};

const SCREEN = 70;

const isFunction = (node: ts.Node): boolean =>
  ts.isFunctionDeclaration(node) ||
  ts.isFunctionExpression(node) ||
  ts.isArrowFunction(node) ||
  ts.isMethodDeclaration(node) ||
  ts.isConstructorDeclaration(node);

const body = (lines: number): string => `export function f(): void {\n${'  g();\n'.repeat(lines - 2)}}\n`;

export const functionLength: Rule = {
  name: 'function-length',
  why: 'A function that fits a screen can be checked by looking at it.',
  allowable: true,
  check: (tree) =>
    overNodes(
      tree,
      (path) => isCode(path) && path.endsWith('.ts') && !isTestCode(path),
      (node, report) => {
        if (isFunction(node) && node.getText().split('\n').length > SCREEN)
          report(`a function of more than ${SCREEN} lines`);
      },
    ),
  planted: [{ at: 'packages/flow/src/a.ts', files: { 'packages/flow/src/a.ts': body(SCREEN + 1) } }],
  clean: { 'packages/flow/src/a.ts': body(SCREEN), 'packages/flow/test/a.test.ts': body(SCREEN * 2) },
};
