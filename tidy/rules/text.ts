import { overLines } from '../ast.ts';
import type { Rule } from '../tree.ts';

// Planted samples are put together at run time; written out, they would be findings in this very file.
const join = (...parts: readonly string[]): string => parts.join('');
const notLock = (path: string): boolean => !path.endsWith('package-lock.json');

export const noLeftovers: Rule = {
  name: 'no-leftovers',
  why: 'Unfinished work belongs in an issue, where somebody looks for it.',
  check: (tree) =>
    overLines(
      tree,
      (path) => notLock(path) && !/(^|\/)fixtures\//.test(path),
      /\b(T[O]DO|F[I]XME|H[A]CK|X[X]X)\b/,
      (word) => `${word}: do it, or file an issue and say what holds today`,
    ),
  planted: ['TO|DO', 'FIX|ME', 'HA|CK', 'XX|X'].map((word) => ({
    at: 'docs/a.md',
    files: { 'docs/a.md': `later (${join(...word.split('|'))}: finish)\n` },
  })),
  clean: { 'docs/a.md': 'A to-do list for the reader, XXXL.\n' },
};

export const noMachinePaths: Rule = {
  name: 'no-machine-paths',
  why: "A path of one machine is wrong on every other, and tells about the author's.",
  check: (tree) =>
    overLines(
      tree,
      () => true,
      /(?<![\w.~$})\]*-])\/(?:home|root|work|Users)\/[^\s"'`]*|[A-Z]:\\Users\\/,
      (path) => `${path} exists on one machine only; use a relative path`,
    ),
  planted: ['home', 'root', 'work', 'Users'].map((folder) => ({
    at: 'docs/a.md',
    files: { 'docs/a.md': `run "${join('/', folder, '/me/file')}"\n` },
  })),
  clean: { 'docs/a.md': 'see https://example.com/home/x, ./work/out, ~/.config and ${HOME}/work/a\n' },
};

export const noRegistryHosts: Rule = {
  name: 'no-registry-hosts',
  why: 'Which mirror packages come from is the business of whoever installs them; a lock file must work with any.',
  check: (tree) => [
    ...overLines(
      tree,
      (path) => path.endsWith('package-lock.json'),
      /"resolved": "[a-z+]+:\/\/[^"]*"/,
      (match) => `${match}: install with omit-lockfile-registry-resolved, as .npmrc says`,
    ),
    ...overLines(
      tree,
      notLock,
      /https?:\/\/[^/\s"'`]*(?:registry|pypi|nexus|artifactory|verdaccio|proxy\.golang)[^/\s"'`]*|^\s*(?:@[\w-]+:)?registry\s*=.*/i,
      (match) => (/\.example(\.|$)/.test(match) ? '' : `${match}: no registry host in the repository`),
    ).filter(({ message }) => message !== ''),
  ],
  planted: [
    {
      at: 'package-lock.json',
      files: { 'package-lock.json': `  "resolved": "${join('https', '://host.tld/x.tgz')}",\n` },
    },
    { at: '.npmrc', files: { '.npmrc': `${join('regis', 'try=https://host.tld')}\n` } },
    { at: 'docs/a.md', files: { 'docs/a.md': `from ${join('https', '://regis', 'try.host.tld/x')}\n` } },
  ],
  clean: {
    'package-lock.json': '  "resolved": "packages/kernel",\n  "link": true\n',
    'docs/a.md': 'The registry of models is at http://registry.example/v1 and the site at https://www.npmjs.com/.\n',
  },
};

export const noEscapes: Rule = {
  name: 'no-escapes',
  why: 'A silenced checker hides the next mistake too. Fix the cause, or narrow the type.',
  check: (tree) =>
    overLines(
      tree,
      (path) => /\.(ts|mts|cts|js|mjs|cjs)$/.test(path),
      /@ts-(?:ignore|nocheck)|eslint-[d]isable|biome-[i]gnore(?!\s+\S+:\s*\S)|\b(?:v8|c8|istanbul) ignore/,
      (match) => `${match} is not used here`,
    ),
  planted: [
    join('@ts-', 'ignore'),
    join('@ts-', 'nocheck'),
    join('eslint-', 'disable'),
    join('biome-', 'ignore x'),
  ].map((text) => ({ at: 'packages/flow/src/a.ts', files: { 'packages/flow/src/a.ts': `// ${text}\nexport {};\n` } })),
  clean: {
    'packages/flow/src/a.ts': `// ${join('biome-', 'ignore')} lint/a/b: the reason\nexport {};\n`,
    'docs/a.md': `${join('@ts-', 'ignore')} is refused.\n`,
  },
};
