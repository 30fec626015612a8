import { Agent } from '@atp-router/sdk';

const agent = new Agent({
  url: process.env['ATP_URL'] ?? 'http://127.0.0.1:7443',
  key: process.env['ATP_API_KEY'] ?? '',
  id: 'echo',
  estimate: (task) => ({ in_tokens: Math.ceil(JSON.stringify(task).length / 4), out_tokens: 100 }),
  async *run(task, { signal }) {
    const { content } = task.messages?.at(-1) ?? {};
    for (const word of `You said: ${String(content)}`.split(' ')) {
      if (signal.aborted) return {};
      yield `${word} `;
    }
    return { finish: 'stop' };
  },
});

const names = await agent.start();
console.log(`Ask for model ${names.join(' or ')}.`);
process.once('SIGINT', () => void agent.stop());
