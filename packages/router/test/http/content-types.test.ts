import { expect, test } from 'vitest';
import { errorOf, startForTest, TENANT_KEY } from '../admin/harness.ts';
import { call } from '../admin/http.ts';

test('only compressed bodies and forms are refused by their type', async () => {
  const { url } = await startForTest();
  const body = JSON.stringify({ model: 'small', messages: [{ role: 'user', content: 'hello' }] });
  const send = (headers: Readonly<Record<string, string>>) =>
    call(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TENANT_KEY}`, ...headers },
      body,
    });
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'APPLICATION/JSON', 'nonsense']) {
    expect([type, (await send({ 'content-type': type })).status]).toEqual([type, 200]);
  }
  for (const type of ['multipart/form-data; boundary=x', 'Multipart/Form-Data; boundary=x']) {
    const refused = await send({ 'content-type': type });
    expect([refused.status, errorOf(refused).code]).toEqual([415, 'unsupported_media_type']);
  }
  expect((await send({ 'content-encoding': 'identity' })).status).toBe(200);
  expect(errorOf(await send({ 'content-encoding': 'GZIP' })).code).toBe('unsupported_media_type');
});
