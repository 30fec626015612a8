import { AtpClient } from '@atp-router/sdk';
import { describe, expect, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { agentAt, ECHO, withAgents } from './rig.ts';

describe('an agent that dials in', () => {
  test('answers calls over HTTP, whole and as a stream', async () => {
    const running = await withAgents();
    expect(await agentAt(running, { run: ECHO, models: ['parrot'] }).start()).toEqual(['agents/echo', 'agents/parrot']);
    const whole = await running.chat({ model: 'agents/echo' });
    expect(whole.status).toBe(200);
    expect(whole.json).toMatchObject({
      choices: [{ message: { content: 'You said: hello' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 4 },
    });
    const stream = await running.chatStream({ model: 'agents/parrot' });
    let text = '';
    for (;;) {
      const { data } = await stream.next(() => true);
      if (data === '[DONE]') break;
      text += JSON.parse(data ?? '{}').choices[0]?.delta?.content ?? '';
    }
    expect(text).toBe('You said: hello');
  });

  test('answers tasks over ATP', async () => {
    const running = await withAgents();
    await agentAt(running, { run: ECHO }).start();
    const client = new AtpClient({ url: running.url, key: TENANT_KEY });
    const result = await client.task({ prompt: 'hello', model: 'agents/echo' }).result();
    expect(result).toMatchObject({ text: 'You said: hello', model: 'agents/echo', cost_usd_micros: 0 });
    await client.close();
  });
});
