import ts from 'typescript';
import rooms from './rooms.json' with { type: 'json' };
import type { Finding, Tree } from './tree.ts';

/** Names of the rooms that must not touch time, chance, IO or vendor code. */
export const PURE_ROOMS: readonly string[] = Object.entries(rooms)
  .filter(([, room]) => room.pure)
  .map(([name]) => name);

/** Names of the rooms that run in browsers, too: compiled without the types of Node. */
export const BROWSER_ROOMS: readonly string[] = Object.entries(rooms)
  .filter(([, room]) => 'browser' in room && room.browser)
  .map(([name]) => name);

export const ROOMS: readonly string[] = Object.keys(rooms);

const pureSource = new RegExp(`^packages/(${PURE_ROOMS.join('|')})/src/.*\\.ts$`);

export const isPureSource = (path: string): boolean => pureSource.test(path);
export const isPackageSource = (path: string): boolean => /^packages\/[^/]+\/src\/.*\.ts$/.test(path);
export const isTestCode = (path: string): boolean => /(^|\/)test\/.*\.ts$|\.test\.ts$/.test(path);
export const isCode = (path: string): boolean => /\.(ts|mts|cts|js|mjs|cjs)$/.test(path) && !path.endsWith('.d.ts');

export function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

function at(path: string, node: ts.Node, message: string): Finding {
  const source = node.getSourceFile();
  return { path, line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, message };
}

/** Runs `judge` on every node of every file that `wanted` picks and collects what it reports. */
export function overNodes(
  tree: Tree,
  wanted: (path: string) => boolean,
  judge: (node: ts.Node, report: (message: string) => void, path: string) => void,
): Finding[] {
  const findings: Finding[] = [];
  for (const path of tree.files.filter(wanted)) {
    visit(tree.ast(path), (node) => judge(node, (message) => findings.push(at(path, node, message)), path));
  }
  return findings;
}

/** One finding for each line of each wanted file that matches. The pattern must not be global. */
export function overLines(
  tree: Tree,
  wanted: (path: string) => boolean,
  pattern: RegExp,
  message: (match: string) => string,
): Finding[] {
  return tree.files.filter(wanted).flatMap((path) =>
    tree
      .text(path)
      .split('\n')
      .flatMap((text, index) => {
        const match = pattern.exec(text);
        return match ? [{ path, line: index + 1, message: message(match[0]) }] : [];
      }),
  );
}

/** Names that a file itself declares or imports: a use of one of them is not a use of the global. */
export function declaredNames(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  visit(source, (node) => {
    const named =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isBindingElement(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isImportSpecifier(node) ||
      ts.isImportClause(node) ||
      ts.isNamespaceImport(node);
    if (named && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}

/** Whether an identifier is a reference to a value or type, and not the name of a member or of a declaration. */
export function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return parent.left === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  return !(
    ts.isPropertySignature(parent) ||
    ts.isPropertyDeclaration(parent) ||
    ts.isMethodSignature(parent) ||
    ts.isMethodDeclaration(parent) ||
    ts.isGetAccessor(parent) ||
    ts.isSetAccessor(parent) ||
    ts.isExportSpecifier(parent) ||
    ts.isLiteralTypeNode(parent)
  );
}

/** Module specifiers that a file names in any way: import, export from, import type, dynamic import. */
export function importsOf(source: ts.SourceFile): string[] {
  const found: string[] = [];
  const take = (node: ts.Node | undefined): void => {
    if (node !== undefined && ts.isStringLiteralLike(node)) found.push(node.text);
  };
  visit(source, (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) take(node.moduleSpecifier);
    if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) take(node.argument.literal);
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) take(node.arguments[0]);
  });
  return found;
}
