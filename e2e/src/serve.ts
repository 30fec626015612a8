import { loadConfig, requireConfig } from '@atp-router/adapters';
import { createRouter } from '@atp-router/router';

/** Entry of a router process under test: `serve.ts <config>`. Prints its port; SIGTERM stops it. */
const [file = ''] = process.argv.slice(2);
const none = (): undefined => undefined;
const router = await createRouter({
  config: requireConfig(loadConfig(file, process.env)),
  version: '0.0.0-e2e',
  sources: { env: none, file: none },
});
process.stdout.write(`listening ${router.server.address.port}\n`);
process.once('SIGTERM', () => {
  void router.stop('SIGTERM').then(() => process.exit(0));
});
// The test that started it is gone.
process.once('disconnect', () => process.exit(0));
