import { readFileSync } from 'node:fs';
import { deserialize } from 'node:v8';
import type { Config } from '@atp-router/adapters';
import { createRouter } from '@atp-router/router';

/** A worker in a process of its own: `serve.ts CONFIG N` prints `listening PORT` once it takes calls. */
const [file = '', n = '1'] = process.argv.slice(2);
const router = await createRouter({
  config: deserialize(readFileSync(file)) as Config,
  ...{ version: '1.2.3', sources: { env: () => undefined, file: () => undefined } },
  process: { kind: 'worker', n: Number(n), incarnation: 1 },
});
process.stdout.write(`listening ${router.server.address.port}\n`);
