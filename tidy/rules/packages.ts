import { BROWSER_ROOMS, importsOf, PURE_ROOMS, ROOMS } from '../ast.ts';
import type { Finding, Rule, Tree } from '../tree.ts';

interface Manifest {
  name?: string;
  version?: string;
  license?: string;
  type?: string;
  private?: boolean;
  engines?: { node?: string };
  files?: string[];
  exports?: Record<string, Record<string, string>>;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;
const SCOPE = '@atp-router/';
const whole = (path: string, message: string): Finding => ({ path, line: 0, message });
const json = <T>(tree: Tree, path: string): T => JSON.parse(tree.files.includes(path) ? tree.text(path) : '{}') as T;
const manifestOf = (tree: Tree, folder: string): Manifest => json<Manifest>(tree, `${folder}/package.json`);
const matching = (tree: Tree, pattern: RegExp): string[] => [
  ...new Set(tree.files.flatMap((path) => pattern.exec(path)?.[1] ?? [])),
];
const packagesOf = (tree: Tree): string[] => matching(tree, /^(packages\/[^/]+)\//);
const workspacesOf = (tree: Tree): string[] =>
  matching(tree, /^(packages\/[^/]+|e2e|bench|conformance)\/package\.json$/);

const root = { 'package.json': '{ "version": "1.0.0", "license": "Apache-2.0", "engines": { "node": ">=24" } }' };
const good = {
  name: '@atp-router/flow',
  version: '1.0.0',
  license: 'Apache-2.0',
  type: 'module',
  engines: { node: '>=24' },
  exports: { '.': { 'atp-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
  files: ['dist', 'README.md'],
  dependencies: { '@atp-router/kernel': '1.0.0' },
};
const manifest = (changes: object): Record<string, string> => ({
  ...root,
  'packages/flow/package.json': JSON.stringify({ ...good, ...changes }),
});

const looseRanges = (own: Manifest, path: string): Finding[] =>
  Object.entries({ ...own.dependencies, ...own.devDependencies })
    .filter(([, range]) => !EXACT.test(range))
    .map(([name, range]) => whole(path, `${name} ${range} is not an exact version`));

function judgeManifest(tree: Tree, folder: string): Finding[] {
  const path = `${folder}/package.json`;
  if (!tree.files.includes(path)) return [whole(path, 'missing')];
  const top = json<Manifest>(tree, 'package.json');
  const own = manifestOf(tree, folder);
  const published = folder.startsWith('packages/');
  const checks: readonly (readonly [boolean, string])[] = [
    [own.name === SCOPE + folder.replace('packages/', ''), 'name is not @atp-router/<folder>'],
    [own.version === top.version, `version is not ${top.version}, the version of the whole`],
    [own.license === top.license, `license is not ${top.license}`],
    [own.type === 'module', 'type is not "module"'],
    [published === (own.private !== true), published ? 'private, so it cannot be published' : 'not private'],
    [!published || own.engines?.node === top.engines?.node, `engines.node is not ${top.engines?.node}`],
    [!published || (own.files?.includes('dist') ?? false), 'files does not list dist'],
    [!published || own.exports?.['.'] !== undefined, 'exports has no "."'],
  ];
  const wrongEntries = Object.entries(own.exports ?? {}).filter(([, targets]) => {
    const name = /^\.\/src\/(.+)\.ts$/.exec(targets['atp-source'] ?? '')?.[1];
    return targets['types'] !== `./dist/${name}.d.ts` || targets['default'] !== `./dist/${name}.js`;
  });
  return [
    ...checks.filter(([ok]) => !ok).map(([, message]) => whole(path, message)),
    ...looseRanges(own, path),
    ...wrongEntries.map(([entry]) =>
      whole(path, `exports["${entry}"]: source, types and default are not the same module`),
    ),
  ];
}

export const packageManifest: Rule = {
  name: 'package-manifest',
  why: 'All packages are released together, under one version and licence, and are found where their name says.',
  check: (tree) => [
    ...looseRanges(json<Manifest>(tree, 'package.json'), 'package.json'),
    ...[...new Set([...packagesOf(tree), ...workspacesOf(tree)])].flatMap((folder) => judgeManifest(tree, folder)),
  ],
  planted: [
    { name: '@atp-router/flows' },
    { version: '1.0.1' },
    { license: 'MIT' },
    { type: 'commonjs' },
    { private: true },
    { engines: { node: '>=20' } },
    { files: ['src'] },
    { exports: {} },
    { dependencies: { undici: '^8.0.0' } },
    { devDependencies: { undici: 'latest' } },
    { exports: { '.': { 'atp-source': './src/index.ts', types: './dist/other.d.ts', default: './dist/index.js' } } },
  ]
    .map((changes) => ({ at: 'packages/flow/package.json', files: manifest(changes) }))
    .concat([
      { at: 'packages/flow/package.json', files: { ...root, 'packages/flow/src/index.ts': '' } },
      { at: 'package.json', files: { 'package.json': '{ "devDependencies": { "knip": "~6.0.0" } }' } },
    ]),
  clean: manifest({}),
};

/** Packages of this repository that the sources or tests of a folder import. */
function internalImports(tree: Tree, pattern: RegExp): Set<string> {
  const specifiers = tree.files.filter((path) => pattern.test(path)).flatMap((path) => importsOf(tree.ast(path)));
  return new Set(specifiers.filter((one) => one.startsWith(SCOPE)).map((one) => one.split('/').slice(0, 2).join('/')));
}

const internal = (dependencies: Record<string, string> | undefined): string[] =>
  Object.keys(dependencies ?? {}).filter((name) => name.startsWith(SCOPE));

function judgeDependencies(tree: Tree, folder: string): Finding[] {
  const path = `${folder}/package.json`;
  const own = manifestOf(tree, folder);
  const { version } = json<Manifest>(tree, 'package.json');
  const declared = new Set(internal(own.dependencies));
  const everywhere = new Set([...declared, ...internal(own.devDependencies), own.name ?? '']);
  const fromSource = internalImports(tree, new RegExp(`^${folder}/src/.*\\.ts$`));
  const fromTests = internalImports(tree, new RegExp(`^${folder}/test/.*\\.ts$`));
  const versions = Object.entries({ ...own.dependencies, ...own.devDependencies });
  return [
    ...[...fromSource].filter((name) => !declared.has(name)).map((name) => `imports ${name} without declaring it`),
    ...[...fromTests]
      .filter((name) => !everywhere.has(name))
      .map((name) => `tests import ${name} without declaring it`),
    ...[...declared]
      .filter((name) => !fromSource.has(name) && !(folder === 'e2e' || folder === 'bench'))
      .map((name) => `declares ${name} and never imports it`),
    ...versions
      .filter(([name, wanted]) => name.startsWith(SCOPE) && wanted !== version)
      .map(([name, wanted]) => `wants ${name} ${wanted}; the whole is ${version}`),
  ].map((message) => whole(path, message));
}

const flowTree = (changes: object, source: string): Record<string, string> => ({
  ...manifest(changes),
  'packages/flow/src/index.ts': source,
});
const importKernel = "import type { Clock } from '@atp-router/kernel';\nexport type C = Clock;\n";

export const internalDependencies: Rule = {
  name: 'internal-dependencies',
  why: 'A workspace link hides a missing dependency until somebody installs the published package.',
  check: (tree) => workspacesOf(tree).flatMap((folder) => judgeDependencies(tree, folder)),
  planted: [
    flowTree({}, 'export {};\n'),
    flowTree({ dependencies: {} }, importKernel),
    flowTree({ dependencies: { '@atp-router/kernel': '0.9.0' } }, importKernel),
    flowTree({ dependencies: {} }, "export type C = import('@atp-router/kernel').Clock;\n"),
    { ...flowTree({}, importKernel), 'packages/flow/test/a.test.ts': "import '@atp-router/ledger';\n" },
  ].map((files) => ({ at: 'packages/flow/package.json', files })),
  clean: { ...flowTree({}, importKernel), 'packages/flow/test/a.test.ts': "import '@atp-router/flow';\n" },
};

interface Project {
  compilerOptions?: { types?: string[]; lib?: string[] };
  include?: string[];
  references?: { path: string }[];
}
const sameSet = (left: readonly string[], right: readonly string[]): boolean =>
  [...left].sort().join() === [...right].sort().join();

function judgeProjects(tree: Tree): Finding[] {
  const packages = packagesOf(tree);
  const findings: Finding[] = [];
  const built = json<Project>(tree, 'tsconfig.build.json').references?.map(({ path }) => path) ?? [];
  if (
    !sameSet(
      built,
      packages.map((folder) => `${folder}/tsconfig.build.json`),
    )
  ) {
    findings.push(whole('tsconfig.build.json', 'references are not exactly the packages'));
  }
  for (const folder of packages) {
    const path = `${folder}/tsconfig.build.json`;
    const references = json<Project>(tree, path).references?.map((one) => one.path) ?? [];
    const wanted = internal(manifestOf(tree, folder).dependencies).map(
      (name) => `../${name.slice(SCOPE.length)}/tsconfig.build.json`,
    );
    if (!sameSet(references, wanted))
      findings.push(whole(path, `references should be: ${wanted.join(', ') || 'none'}`));
  }
  return findings;
}

const project = (...references: readonly string[]): string =>
  JSON.stringify({ references: references.map((path) => ({ path })) });
const flowProject = {
  ...manifest({}),
  'tsconfig.build.json': project('packages/flow/tsconfig.build.json'),
  'packages/flow/tsconfig.build.json': project('../kernel/tsconfig.build.json'),
};

export const projectReferences: Rule = {
  name: 'project-references',
  why: 'tsc -b builds in the order of the references; a missing one compiles only by luck.',
  check: judgeProjects,
  planted: [
    { at: 'tsconfig.build.json', files: { ...flowProject, 'tsconfig.build.json': project() } },
    {
      at: 'packages/flow/tsconfig.build.json',
      files: { ...flowProject, 'packages/flow/tsconfig.build.json': project() },
    },
    {
      at: 'packages/flow/tsconfig.build.json',
      files: { ...flowProject, 'packages/flow/package.json': JSON.stringify({ ...good, dependencies: {} }) },
    },
  ],
  clean: flowProject,
};

export const knownRooms: Rule = {
  name: 'known-rooms',
  why: 'A package that the table of rooms does not name would escape the boundaries and the purity checks.',
  check: (tree) =>
    packagesOf(tree)
      .filter((folder) => !ROOMS.includes(folder.replace('packages/', '')))
      .map((folder) => whole(folder, 'not in tidy/rooms.json: say whether it is pure and what it may import')),
  planted: [{ at: 'packages/stranger', files: { 'packages/stranger/src/index.ts': '' } }],
  clean: { 'packages/kernel/src/index.ts': '' },
};

const WORLD = '../../tidy/pure-globals.d.ts';
const pureProject = (types: readonly string[], include: readonly string[]): Record<string, string> => ({
  'packages/kernel/tsconfig.build.json': JSON.stringify({ compilerOptions: { types }, include }),
});

export const pureProjects: Rule = {
  name: 'pure-projects',
  why: 'Compiled without the types of Node and the browser, a pure room cannot even name a clock or a socket, nor one for browsers a module of Node.',
  check: (tree) =>
    [...PURE_ROOMS, ...BROWSER_ROOMS]
      .map((room) => `packages/${room}/tsconfig.build.json`)
      .filter((path) => tree.files.includes(path))
      .filter((path) => {
        const { compilerOptions = {}, include = [] } = json<Project>(tree, path);
        return compilerOptions.types?.length !== 0 || compilerOptions.lib !== undefined || !include.includes(WORLD);
      })
      .map((path) => whole(path, `needs "types": [], no "lib" of its own, and ${WORLD} in include`)),
  planted: [
    pureProject(['node'], ['src/**/*.ts', WORLD]),
    pureProject([], ['src/**/*.ts']),
    { 'packages/kernel/tsconfig.build.json': '{}' },
  ].map((files) => ({ at: 'packages/kernel/tsconfig.build.json', files })),
  clean: { ...pureProject([], ['src/**/*.ts', WORLD]), 'packages/router/tsconfig.build.json': '{}' },
};

const LINES_MIN = 5;
const LINES_MAX = 12;

export const packageReadme: Rule = {
  name: 'package-readme',
  why: 'Ten lines at the door: what the room is for, what it may touch, where to add one more.',
  check: (tree) =>
    [
      ...new Set([
        ...packagesOf(tree),
        ...workspacesOf(tree).filter((folder) => folder === 'e2e' || folder === 'conformance'),
      ]),
    ].flatMap((folder) => {
      const path = `${folder}/README.md`;
      if (!tree.files.includes(path)) return [whole(path, 'missing')];
      const lines = tree
        .text(path)
        .split('\n')
        .filter((line) => line.trim() !== '').length;
      if (lines >= LINES_MIN && lines <= LINES_MAX) return [];
      return [whole(path, `${lines} lines of text; between ${LINES_MIN} and ${LINES_MAX}`)];
    }),
  planted: [
    { at: 'packages/flow/README.md', files: { 'packages/flow/src/index.ts': '' } },
    { at: 'packages/flow/README.md', files: { 'packages/flow/README.md': '# flow\n' } },
    { at: 'packages/flow/README.md', files: { 'packages/flow/README.md': 'line\n'.repeat(LINES_MAX + 1) } },
  ],
  clean: { 'packages/flow/README.md': 'line\n\n'.repeat(10) },
};
