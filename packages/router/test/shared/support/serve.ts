import { readFileSync } from 'node:fs';
import { checkConfig } from '@atp-router/adapters';
import { createRouter } from '@atp-router/router';

/** A router in a process of its own: `serve.ts CONFIG` prints `listening PORT` once it takes calls. */
const sources = { env: () => undefined, file: () => undefined };
const checked = checkConfig(readFileSync(process.argv[2] ?? '', 'utf8'), sources);
if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
const router = await createRouter({ config: checked.config, version: '1.2.3', sources });
process.once('SIGTERM', () => void router.stop('SIGTERM').then(() => process.exit(0)));
process.stdout.write(`listening ${router.server.address.port}\n`);
