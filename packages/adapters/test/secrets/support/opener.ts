import { once } from 'node:events';
import { openDataDir } from '../../../src/secrets/index.ts';

// Says that it is ready, waits for the word, opens the data directory and tells what it found.
const [dir = ''] = process.argv.slice(2);
process.stdout.write('ready\n');
await once(process.stdin, 'data');
const { seal_key, node_id } = openDataDir(dir);
process.stdout.write(`${Buffer.from(seal_key).toString('hex')} ${node_id}\n`);
process.exit(0);
