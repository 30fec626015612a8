import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

/** The files that a rule judges: this repository, or a planted one held in memory. Paths are relative, with `/`. */
export interface Tree {
  readonly files: readonly string[];
  text(path: string): string;
  /** Parsed source of a TypeScript or JavaScript file, with parent links. */
  ast(path: string): ts.SourceFile;
}

export interface Finding {
  readonly path: string;
  /** One-based; 0 when the finding is about the file as a whole. */
  readonly line: number;
  readonly message: string;
}

export interface Rule {
  readonly name: string;
  /** Why the house has this rule; shown when it fails. */
  readonly why: string;
  /** Whether `tidy/allow.json` may except a file, with a reason. */
  readonly allowable?: boolean;
  check(tree: Tree): Finding[];
  /** Trees that break the rule, and the path at which it must say so: the proof that the rule can fail. */
  readonly planted: readonly { readonly at: string; readonly files: Readonly<Record<string, string>> }[];
  /** A tree that keeps the rule, close to the planted ones: the proof that it can pass. */
  readonly clean: Readonly<Record<string, string>>;
}

const BINARY = /\.(png|jpe?g|gif|ico|woff2?|gz|zip|pdf|wasm|db|sqlite|bin)$/;

function treeOf(files: readonly string[], read: (path: string) => string): Tree {
  const parsed = new Map<string, ts.SourceFile>();
  const texts = new Map<string, string>();
  const text = (path: string): string => {
    const known = texts.get(path);
    if (known !== undefined) return known;
    const fresh = BINARY.test(path) ? '' : read(path);
    texts.set(path, fresh);
    return fresh;
  };
  const ast = (path: string): ts.SourceFile => {
    const known = parsed.get(path);
    if (known !== undefined) return known;
    const fresh = ts.createSourceFile(path, text(path), ts.ScriptTarget.ES2024, true);
    parsed.set(path, fresh);
    return fresh;
  };
  return { files, text, ast };
}

export function memoryTree(files: Readonly<Record<string, string>>): Tree {
  return treeOf(Object.keys(files).sort(), (path) => files[path] ?? '');
}

const IGNORED = new Set(['node_modules', 'dist', '.git', '.cache', '.atp', 'coverage']);

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return IGNORED.has(entry.name) ? [] : walk(root, path);
    return entry.isFile() ? [path] : [];
  });
}

/** The files git tracks or would track; outside a checkout (an unpacked archive) whatever lies there. */
export function repositoryFiles(root: string): string[] {
  if (!existsSync(join(root, '.git'))) return walk(root, '').sort();
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 }).split('\0');
  return [...new Set(listed)].filter((path) => path !== '' && existsSync(join(root, path))).sort();
}

export function diskTree(root: string): Tree {
  return treeOf(repositoryFiles(root), (path) => readFileSync(join(root, path), 'utf8'));
}
