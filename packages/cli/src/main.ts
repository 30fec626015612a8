#!/usr/bin/env node
import { loadConfig, requireConfig } from '@atp-router/adapters';
import { createRouter } from '@atp-router/router';

const i = process.argv.indexOf('--config');
const file = process.argv[i + 1] ?? 'atp.yaml';
const config = requireConfig(loadConfig(file, process.env));
const router = await createRouter({
  config,
  version: '0.1.0',
  sources: { env: (n) => process.env[n], file: () => undefined },
});
console.log(`listening on http://${router.server.address.host}:${router.server.address.port}`);
process.on('SIGTERM', () => void router.stop('SIGTERM').then(() => process.exit(0)));
