import { AtpClient } from '@atp-router/sdk';

const client = new AtpClient({
  url: process.env['ATP_URL'] ?? 'http://127.0.0.1:7443',
  key: process.env['ATP_API_KEY'] ?? '',
});

const task = client.task({ prompt: process.argv[2] ?? 'Say hello.', model: process.argv[3] ?? 'auto' });
for await (const event of task) {
  if (event.type === 'partial' && event.kind === 'text') process.stdout.write(event.delta);
  if (event.type === 'final') console.log(`\n${event.result.model} cost ${event.result.cost_usd_micros} micro-dollars`);
}
await client.close();
