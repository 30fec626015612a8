import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';

const root = join(import.meta.dirname, '../../../..');
const example = join(root, 'examples/task.ts');

test('the client of the README runs, and prints the answer and its price', async () => {
  expect(readFileSync(join(root, 'README.md'), 'utf8')).toContain(readFileSync(example, 'utf8'));
  const { url } = await startForTest();
  const args = ['--conditions=atp-source', '--no-warnings', example, 'Say hello.', 'small'];
  const env = { ...process.env, ATP_URL: url, ATP_API_KEY: TENANT_KEY };
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  expect(stdout).toMatch(/^\S[\s\S]*\nsmall cost \d+ micro-dollars\n$/);
});
