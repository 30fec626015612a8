import { AtpClient, type TaskEvent } from '@atp-router/sdk';
import { describe, expect, onTestFinished, test } from 'vitest';
import { TENANT_KEY } from '../admin/harness.ts';
import { type Crew, crew } from './crew.ts';

async function eventsOf({ running }: Crew, task: Parameters<AtpClient['task']>[0]): Promise<readonly TaskEvent[]> {
  const client = new AtpClient({ url: running.url, key: TENANT_KEY });
  onTestFinished(() => client.close());
  const events: TaskEvent[] = [];
  for await (const event of client.task(task)) events.push(event);
  return events;
}

const finalOf = (events: readonly TaskEvent[]): { readonly text: string; readonly model?: string | undefined } => {
  const last = events.at(-1);
  if (last?.type !== 'final') throw new Error('a task ends with its result');
  return last.result;
};

describe('a task that leaves it to the router whom to ask', () => {
  test('over ATP is told first what is planned, and why', async () => {
    const one = await crew(() => 'The answer is A.');
    const events = await eventsOf(one, { prompt: 'A or B?', model: 'auto' });
    const [plan] = events;
    expect(plan?.type).toBe('log');
    const [asked] = one.asked;
    expect(plan).toMatchObject({ content: { primary: { model: asked } } });
    expect(JSON.stringify(plan)).toContain(`${asked} is asked, and its answer taken`);
    expect(finalOf(events).text).toBe('The answer is A.');
  });

  test('over ATP gets the result of a cascade, which is told ahead, too', async () => {
    const one = await crew((model) => `The answer is ${model === 'cheap' ? 'A' : 'B'}.`, {
      ...{ plans: 'cascade', streamed: 'any', quality_usd: 1 },
    });
    const events = await eventsOf(one, { prompt: 'A or B?', model: 'auto' });
    expect(events[0]?.type).toBe('log');
    expect(JSON.stringify(events[0])).toContain('is asked first, and its answer looked at');
    const { taken } = one.events.flatMap((event) => (event.type === 'route.decided' ? [event.lesson] : []))[0] ?? {};
    expect(finalOf(events).text).toBe(`The answer is ${taken === 'cheap' ? 'A' : 'B'}.`);
  });
});
