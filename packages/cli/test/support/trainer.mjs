// A trainer as an operator would write one, but that it learns nothing: it reads its job and its data, and says what it has seen.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';

const [mode] = process.argv.slice(2);
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

if (mode === '--fail') {
  process.stderr.write('out of memory\n');
  process.exit(3);
}
if (mode === '--hang') setInterval(() => undefined, 1_000);
else if (mode !== '--silent') {
  const job = JSON.parse(readFileSync('job.json', 'utf8'));
  const text = readFileSync(job.dataset.train.file, 'utf8');
  const examples = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const metrics = {
    accuracy: 0.9,
    examples: examples.filter(({ prompt, completion }) => prompt !== '' && completion !== '').length,
    rank: job.lora.rank,
    hash_is_right: Number(sha256(text) === job.dataset.train.sha256),
    leaked: Number(process.env.HOME !== undefined || process.env.ATP_ADMIN_KEY !== undefined),
  };
  const weights_sha256 = mode === '--wrong' ? 'none' : sha256(`${job.base_model} ${job.epochs} ${text}`);
  writeFileSync(
    'result.json',
    JSON.stringify({ model: 'small-tuned', upstream_model: 'small-tuned', weights_sha256, metrics }),
  );
}
