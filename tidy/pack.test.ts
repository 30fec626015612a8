import { type ChildProcessWithoutNullStreams, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { type Packed, type Registry, serveRegistry } from './pack/registry.ts';
import { copyBuilt, copyWorkspace, freshEnvironment, manifestOf, npm, pack, vendorFolders } from './pack/workspace.ts';

// What users get is not this tree but tarballs of built JavaScript. This builds and packs every package, installs them
// with npm into an empty project elsewhere, and runs them there.
const root = join(import.meta.dirname, '..');
const run = promisify(execFile);
const rooms = readdirSync(join(root, 'packages'));
const { version } = manifestOf(root);

const home = mkdtempSync(join(tmpdir(), 'packed-'));
const workspace = join(home, 'workspace');
const project = join(home, 'project');
const started: { registry?: Registry; packed: Packed[] } = { packed: [] };

afterAll(async () => {
  await started.registry?.close();
  rmSync(home, { recursive: true, force: true });
});

describe('the packed packages, installed elsewhere', () => {
  // A test and not a hook: when it fails, it is counted as failed, and so is everything below.
  test('are built, packed and installed', async () => {
    mkdirSync(workspace);
    mkdirSync(project);
    writeFileSync(join(home, 'npmrc'), '');
    copyWorkspace(root, workspace);
    // Whoever has built this very tree from nothing a moment ago says so.
    if (process.env['ATP_BUILT'] === '1') copyBuilt(root, workspace);
    else await npm(workspace, home, 'run', 'build');
    const folders = rooms.map((room) => join(workspace, 'packages', room));
    started.packed = await pack(workspace, home, folders);
    const vendors = await pack(workspace, home, vendorFolders(folders), '--ignore-scripts');
    started.registry = await serveRegistry([...started.packed, ...vendors]);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }));
    const names = rooms.map((room) => `@atp-router/${room}@${version}`);
    await npm(project, home, 'install', '--registry', started.registry.url, ...names);
  }, 300_000);

  test.each(rooms)('%s holds built code, README and licence, and nothing of the workshop', async (room) => {
    const tarball = started.packed.find(({ name }) => name === `@atp-router/${room}`);
    const { stdout } = await run('tar', ['-tzf', tarball?.file ?? '']);
    const files = stdout.split('\n').filter((line) => line !== '');
    expect(files).toContain('package/dist/index.js');
    expect(files).toContain('package/dist/index.d.ts');
    expect(files).toContain('package/README.md');
    expect(files).toContain('package/LICENSE');
    expect(
      files.filter((file) => !/^package\/(dist\/.*\.(js|json|d\.ts|sql)|README\.md|LICENSE|package\.json)$/.test(file)),
    ).toEqual([]);
  });

  test.each(rooms)('%s can be imported', async (room) => {
    const code = `import * as it from '@atp-router/${room}'; console.log(Object.keys(it).length);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', code], {
      cwd: project,
      env: freshEnvironment(home),
    });
    expect(Number(stdout)).toBeGreaterThan(0);
  });

  test('the command says its version', async () => {
    const { stdout } = await run(join(project, 'node_modules/.bin/atp'), ['--version'], {
      cwd: project,
      env: freshEnvironment(home),
    });
    expect(stdout.trim()).toBe(version);
  });

  test('the command serves without a configuration, and ends when asked to', async () => {
    const cwd = join(home, 'served');
    mkdirSync(cwd);
    const atp = spawn(join(project, 'node_modules/.bin/atp'), ['serve', '--port', '0'], {
      cwd,
      env: freshEnvironment(home),
    });
    try {
      const address = await firstAddress(atp);
      const health = await fetch(`${address}/healthz`);
      expect(health.status).toBe(200);
      const ended = once(atp, 'exit');
      atp.kill('SIGTERM');
      expect((await ended)[0]).toBe(0);
    } finally {
      atp.kill('SIGKILL');
    }
  });
});

/** The first address that a starting router prints; fails with all it said when it ends without one. */
function firstAddress(child: ChildProcessWithoutNullStreams): Promise<string> {
  return new Promise((resolve, reject) => {
    const said = { text: '' };
    const hear = (chunk: Buffer): void => {
      said.text += chunk.toString();
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said.text)?.[0];
      if (found !== undefined) resolve(found);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`atp serve ended with ${code} and said:\n${said.text}`)));
  });
}
