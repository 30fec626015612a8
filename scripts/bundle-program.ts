import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const ROOT = join(import.meta.dirname, '..');
/** The program and each thread that it starts, which look for one another in one folder; and programs that tests start. */
const ENTRIES: Readonly<Record<string, string>> = {
  main: 'packages/cli/src/main.ts',
  'journal-worker': 'packages/adapters/src/journal/journal-worker.ts',
  'sessions-worker': 'packages/adapters/src/sessions/sessions-worker.ts',
  'counter-worker': 'packages/adapters/src/tokens/counter-worker.ts',
  'onnx-worker': 'packages/adapters/src/embed/onnx-worker.ts',
  'test-router': 'packages/router/test/shared/support/serve.ts',
  'test-worker': 'packages/router/test/processes/support/serve.ts',
};
/** Large, and loaded by few; or an operator's to install. */
const NOT_BUNDLED = [/^gpt-tokenizer/, /^onnxruntime-web/, /^@huggingface\//, /^postgres$/];

/** Sources of this repository and its libraries as a few files in `folder`, which is replaced. */
async function bundle(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, file] of Object.entries(ENTRIES)) {
    const made = await rolldown({
      input: { [name]: join(ROOT, file) },
      platform: 'node',
      resolve: { conditionNames: ['atp-source', 'import', 'node', 'default'] },
      external: NOT_BUNDLED,
      logLevel: 'silent',
    });
    await made.write({
      dir: folder,
      format: 'esm',
      entryFileNames: '[name].js',
      chunkFileNames: `${name}-[hash].js`,
    });
    await made.close();
  }
  // The program reads its version from the manifest beside its folder.
  copyFileSync(join(ROOT, 'packages/cli/package.json'), join(folder, '../package.json'));
}

/**
 * Before a run of the tests, which start the program and its threads hundreds of times: from a few files that takes a third of
 * the time that it takes from two thousand. Somebody who watches wants what the sources say now.
 */
export default async function setup(project: { readonly config: { readonly watch: boolean } }): Promise<void> {
  if (project.config.watch) return;
  const folder = join(ROOT, '.cache/program/bundle');
  await bundle(folder);
  process.env['ATP_TEST_BUNDLES'] = folder;
}
