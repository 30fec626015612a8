import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { repositoryFiles } from '../tree.ts';
import type { Packed } from './registry.ts';

const run = promisify(execFile);

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** The environment of a fresh shell with this Node first: what npm told us about itself must not reach the npm we start. */
export function freshEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_|^NODE_OPTIONS$|_API_KEY$|^VITEST|^NODE_ENV$/i.test(name),
  );
  return { ...Object.fromEntries(kept), HOME: home, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` };
}

export async function npm(cwd: string, home: string, ...args: readonly string[]): Promise<string> {
  const isolated = ['--cache', join(home, 'cache'), '--userconfig', join(home, 'npmrc'), '--no-audit', '--no-fund'];
  const options = { cwd, env: freshEnvironment(home), maxBuffer: 64 * 1024 * 1024 };
  try {
    const { stdout } = await run('npm', [...args, ...isolated, '--no-update-notifier'], options);
    return stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`npm ${args[0]} failed:\n${stdout}\n${stderr}`, { cause });
  }
}

/** What a build needs of the tree. */
const NEEDED = /^(packages\/|scripts\/|tidy\/[a-z-]+\.d\.ts$|tsconfig[^/]*\.json$|package\.json$|\.npmrc$|LICENSE$)/;

/**
 * Copies what a checkout holds into `target` and links the installed libraries beside it, with the rooms themselves linked
 * to the copies: a build there is clean (no left-over dist), and disturbs nobody who works in the tree.
 */
export function copyWorkspace(root: string, target: string): void {
  for (const path of repositoryFiles(root)) {
    if (!NEEDED.test(path)) continue;
    mkdirSync(dirname(join(target, path)), { recursive: true });
    cpSync(join(root, path), join(target, path));
  }
  mkdirSync(join(target, 'node_modules/@atp-router'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@atp-router') symlinkSync(join(root, 'node_modules', name), join(target, 'node_modules', name));
  }
  for (const room of readdirSync(join(target, 'packages'))) {
    symlinkSync(join('../../packages', room), join(target, 'node_modules/@atp-router', room));
    const own = join('packages', room, 'node_modules');
    if (existsSync(join(root, own))) symlinkSync(join(root, own), join(target, own));
  }
}

/** What `npm run build` has just made of the tree, instead of making it again. */
export function copyBuilt(root: string, target: string): void {
  for (const room of readdirSync(join(target, 'packages')))
    for (const built of ['dist', 'LICENSE'])
      cpSync(join(root, 'packages', room, built), join(target, 'packages', room, built), { recursive: true });
}

/** Where Node finds `name` from `folder`. */
function locate(folder: string, name: string): string | undefined {
  const candidate = join(folder, 'node_modules', name);
  if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
  return dirname(folder) === folder ? undefined : locate(dirname(folder), name);
}

/** Folders of all libraries that the given packages need at run time, directly or not. */
export function vendorFolders(packages: readonly string[]): string[] {
  const found = new Set<string>();
  const follow = (folder: string): void => {
    const { dependencies, optionalDependencies } = manifestOf(folder);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const target = name.startsWith('@atp-router/') ? undefined : locate(folder, name);
      if (target === undefined || found.has(target)) continue;
      found.add(target);
      follow(target);
    }
  };
  for (const folder of packages) follow(folder);
  return [...found];
}

/** `npm pack` of each folder, in one run. */
export async function pack(
  cwd: string,
  home: string,
  folders: readonly string[],
  ...flags: string[]
): Promise<Packed[]> {
  const destination = join(home, 'tarballs');
  mkdirSync(destination, { recursive: true });
  const specs = folders.map((folder) => `./${relative(cwd, folder)}`);
  const printed = await npm(cwd, home, 'pack', '--json', '--pack-destination', destination, ...flags, ...specs);
  const packed = JSON.parse(printed.slice(printed.indexOf('[\n'))) as (Packed & { filename: string })[];
  return packed.map(({ name, version, integrity, filename }, index) => {
    const folder = folders[index] ?? '';
    return { name, version, integrity, file: join(destination, filename), folder };
  });
}
