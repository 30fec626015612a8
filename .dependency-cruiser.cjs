// Which room may import which. The table itself is data (`tidy/rooms.json`) because the tidy test reads it too;
// `tidy/boundaries.test.ts` plants a bad import for every rule below, so that none of them can silently stop working.
const { existsSync, readFileSync, readdirSync } = require('node:fs');
const { join } = require('node:path');
const rooms = require('./tidy/rooms.json');

const pure = Object.keys(rooms).filter((room) => rooms[room].pure);
/** Rooms that run in browsers: with IO, by what every runtime has, and without Node. */
const browser = Object.keys(rooms).filter((room) => rooms[room].browser);
const anyOf = (names) => `(${names.join('|')})`;

/** Files that a room offers to others: the `atp-source` targets of its `exports`, as paths from the root of the tree. */
function entriesOf(folder) {
  const manifest = join('packages', folder, 'package.json');
  if (!existsSync(manifest)) return [];
  const { exports = {} } = JSON.parse(readFileSync(manifest, 'utf8'));
  return Object.values(exports)
    .map((target) => target['atp-source'])
    .filter((file) => typeof file === 'string')
    .map((file) => `^${join('packages', folder, file).replaceAll('.', '\\.')}$`);
}
const entries = existsSync('packages') ? readdirSync('packages').flatMap(entriesOf) : [];

const allowedFrom = (room) => rooms[room].may_import.flatMap((name) => (name === '*pure' ? pure : [name])).concat(room);
/** A server is tested with the real client, which it must not need itself. */
const allowedFromTests = (room) => allowedFrom(room).concat(rooms[room].tests_may_import);
const withTestImports = Object.keys(rooms).filter((room) => rooms[room].tests_may_import);

module.exports = {
  forbidden: [
    ...Object.keys(rooms).map((room) => ({
      name: `room-${room}`,
      comment: `${room} may import only: ${allowedFrom(room).join(', ')}`,
      severity: 'error',
      from: {
        path: `^packages/${room}/`,
        ...(withTestImports.includes(room) && { pathNot: `^packages/${room}/test/` }),
      },
      to: { path: '^packages/', pathNot: `^packages/${anyOf(allowedFrom(room))}/` },
    })),
    ...withTestImports.map((room) => ({
      name: `room-${room}-tests`,
      comment: `tests of ${room} may import only: ${allowedFromTests(room).join(', ')}`,
      severity: 'error',
      from: { path: `^packages/${room}/test/` },
      to: { path: '^packages/', pathNot: `^packages/${anyOf(allowedFromTests(room))}/` },
    })),
    {
      name: 'unknown-room',
      comment: 'A package that tidy/rooms.json does not name has no allowed imports at all.',
      severity: 'error',
      from: { path: '^packages/', pathNot: `^packages/${anyOf(Object.keys(rooms))}/` },
      to: {},
    },
    {
      name: 'pure-no-node',
      comment: 'Pure rooms take time, randomness and bytes as arguments; they do not ask the runtime for them.',
      severity: 'error',
      from: { path: `^packages/${anyOf(pure)}/src/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-no-vendor',
      comment: 'Vendor libraries live behind an interface in adapters.',
      severity: 'error',
      from: { path: `^packages/${anyOf(pure)}/src/` },
      to: { path: 'node_modules' },
    },
    {
      name: 'browser-no-node',
      comment: 'What runs in browsers uses only globals that every runtime has.',
      severity: 'error',
      from: { path: `^packages/${anyOf(browser)}/src/` },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browser-no-vendor',
      comment: 'A bundle for browsers is kept small, and a library in it is in every page.',
      severity: 'error',
      from: { path: `^packages/${anyOf(browser)}/src/` },
      to: { path: 'node_modules' },
    },
    {
      name: 'entry-only',
      comment: 'A room is imported by its package name and declared entries, never by a path into its sources.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: ['^packages/$1/', ...entries] },
    },
    {
      name: 'entry-only-from-outside',
      comment: 'e2e, bench, conformance, scripts and tidy use the rooms as their users do.',
      severity: 'error',
      from: { path: '^(e2e|bench|conformance|scripts|tidy)/' },
      to: { path: '^packages/', pathNot: entries },
    },
    {
      name: 'by-name-not-by-path',
      comment:
        'Even an entry file is imported as @atp-router/<room>: a relative path breaks once the package is published.',
      severity: 'error',
      from: { path: '^(?:packages/)?([^/]+)/' },
      to: {
        path: '^packages/',
        pathNot: '^packages/$1/',
        dependencyTypes: ['local'],
        dependencyTypesNot: ['aliased-workspace'],
      },
    },
    {
      name: 'rooms-stand-alone',
      comment: 'Packages are published; the tests, benchmarks and scripts around them are not.',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(e2e|bench|conformance|scripts|tidy)/' },
    },
    {
      name: 'src-not-test',
      comment: 'What src needs from a test folder would be missing from the published package.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '/test/' },
    },
    {
      name: 'declared-dependencies',
      comment:
        'src may import only what its own package.json lists under dependencies, or as optional for who installs it.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'npm-bundled'],
        dependencyTypesNot: ['npm-peer'],
      },
    },
    {
      name: 'no-unresolvable',
      comment: 'Also what a deep import by package name becomes, because `exports` does not list it.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|fixtures)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['atp-source', 'import', 'node', 'default', 'types'],
      mainFields: ['module', 'main', 'types', 'typings'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json', '.d.ts'],
    },
  },
};
