import { AtpClient } from '@atp-router/sdk';
import { expect, test } from 'vitest';
import { secretOf, standardConfig } from '../src/config.ts';
import { startRig } from '../src/harness.ts';
import { textAnswer } from '../src/upstream/script.ts';

/** A stop in the middle of an answer over ATP: the answer is given as a whole, whether sessions outlive the process or not. */
test.each([true, false])('SIGTERM lets an answer over ATP end properly (sessions are kept: %s)', async (keep) => {
  const rig = await startRig((upstream) => standardConfig(upstream, { sessions: { keep } }));
  try {
    const script = await rig.upstream.script({ answer: textAnswer('One', ' two', ' three'), gates: [' three'] });
    const client = new AtpClient({ url: rig.router.url, key: secretOf('acme'), reconnect: { base_ms: 5, cap_ms: 20 } });
    const task = client.task({ prompt: script.mark, model: 'm-chat' });
    const request = await rig.upstream.next(script);
    const events = task[Symbol.asyncIterator]();
    let text = '';
    while (!text.endsWith(' two')) {
      const { value } = await events.next();
      if (value?.type === 'partial' && value.kind === 'text') text += value.delta;
    }
    const stopped = rig.router.stop();
    request.step();
    let result: string | undefined;
    for (;;) {
      const { value, done } = await events.next();
      if (done === true) break;
      if (value.type === 'final') result = value.result.text;
    }
    expect(result).toBe('One two three');
    expect((await stopped).code).toBe(0);
  } finally {
    await rig.close();
  }
});
