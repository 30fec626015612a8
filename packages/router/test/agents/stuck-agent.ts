// An agent in a process of its own, which gets stuck in the middle of its first answer.
import { Agent } from '@atp-router/sdk';

const [url = '', key = ''] = process.argv.slice(2);
const agent = new Agent({
  ...{ url, key, id: 'echo' },
  async *run() {
    yield 'I am at ';
    process.send?.('working');
    await new Promise(() => undefined);
  },
});
await agent.start();
process.send?.('started');
