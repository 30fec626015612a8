// Completes package-lock.json with the optional, platform-specific packages that a partial registry mirror did not have
// when the lock was written. `npm ci` refuses a lock that lacks them, on every machine, although it would skip them for
// being of another platform. Version and platform are known without the package: the one is pinned by the parent, the
// other is in the name. `npm run lock` runs it; the tidy rule `complete-lock` says when it is needed.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

export interface LockEntry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}
export interface Lock {
  readonly packages: Readonly<Record<string, LockEntry>>;
  readonly [field: string]: unknown;
}
interface Missing {
  readonly name: string;
  readonly version: string;
  readonly dev: boolean;
}

const OS: readonly string[] = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const CPU: readonly string[] = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'];

/** Whether npm would find `name` when the package at `path` asks for it. */
function isLocked({ packages }: Lock, path: string, name: string): boolean {
  if (packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`] !== undefined) return true;
  return path !== '' && isLocked({ packages }, path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/'))), name);
}

/** Optional dependencies that the lock names and does not describe. */
export function missingOptional(lock: Lock): Missing[] {
  return Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !isLocked(lock, path, name))
      .map(([name, version]) => ({ name, version, dev: entry.dev === true })),
  );
}

function describe({ name, version, dev }: Missing): LockEntry {
  const words = name.split(/[/-]/);
  const os = OS.find((one) => words.includes(one));
  const cpu = CPU.find((one) => words.includes(one));
  if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+/.test(version)) {
    throw new Error(`${name}@${version}: no exact version, or no platform in the name; add it to the lock by hand`);
  }
  const has = (libc: string): boolean => words.some((word) => word.startsWith(libc));
  const libc = has('musl') ? { libc: ['musl'] } : has('gnu') ? { libc: ['glibc'] } : {};
  return { version, cpu: [cpu], ...(dev ? { dev } : {}), ...libc, optional: true, os: [os] };
}

export function completeLock(lock: Lock): Lock {
  const added = missingOptional(lock).map((one): [string, LockEntry] => [`node_modules/${one.name}`, describe(one)]);
  const all = [...Object.entries(lock.packages), ...added].sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(all) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const path = new URL('../package-lock.json', import.meta.url);
  const lock = JSON.parse(readFileSync(path, 'utf8')) as Lock;
  const missing = missingOptional(lock);
  if (missing.length > 0) writeFileSync(path, `${JSON.stringify(completeLock(lock), null, 2)}\n`);
  console.log(`package-lock.json: ${missing.length} optional packages added`);
}
