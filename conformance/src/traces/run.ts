import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { approve, review, reviewText } from './review.ts';

// Compares the golden files with what this implementation makes: 0 when they are as approved, 1 when not. With
// `--approve <reason>` writes them, and the reason; 2 when the reason is none.

const root = join(import.meta.dirname, '../../..');
const { values } = parseArgs({ options: { approve: { type: 'string' } } });

if (values.approve === undefined) {
  const found = review(root);
  process.stdout.write(found.length === 0 ? 'All golden files are as approved.\n' : reviewText(found));
  if (found.length > 0) {
    process.stdout.write('If this is meant: npm run traces -w conformance -- --approve "<why>"\n');
    process.exitCode = 1;
  }
} else {
  try {
    const found = approve(root, values.approve, new Date().toISOString().slice(0, 10));
    process.stdout.write(found.length === 0 ? 'Nothing to approve.\n' : `Approved:\n${reviewText(found)}`);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    process.stderr.write(`${error.message}.\n`);
    process.exitCode = 2;
  }
}
