import { AtpClient } from '@atp-router/sdk';
import { expect, test } from 'vitest';
import { startForTest, TENANT_KEY } from '../admin/harness.ts';

test('a task over a WebSocket to the running router', async () => {
  const { url } = await startForTest();
  const client = new AtpClient({ url, key: TENANT_KEY });
  const results = Array.from({ length: 5 }, (_, i) =>
    client.task({ prompt: `Question ${i}`, model: 'small' }).result(),
  );
  for (const result of await Promise.all(results)) expect(result).toMatchObject({ model: 'small', finish: 'stop' });
  await client.close();
});
