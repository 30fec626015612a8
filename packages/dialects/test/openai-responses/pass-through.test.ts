import { openaiResponses } from '@atp-router/dialects';
import { describe, expect, it } from 'vitest';
import { ATP, fixture, framesOf, typedEvents } from './wire.ts';

describe('passThrough', () => {
  const { passThrough } = openaiResponses;

  it('patches the request and stores nothing', () => {
    const body = { model: 'a', input: 'Hi', instructions: 'Be brief.', store: true, metadata: { a: 'b' } };
    const patch = { model: 'b', max_output_tokens: 9, system_prompt: 'You review.', include_usage: true };
    expect(passThrough.patchRequest(body, patch).body).toEqual({
      model: 'b',
      input: 'Hi',
      instructions: 'You review.\n\nBe brief.',
      store: false,
      // OpenAI refuses less.
      max_output_tokens: 16,
      metadata: { a: 'b' },
    });
  });

  it('leaves out reasoning that only a store could resolve', () => {
    const usable = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'enc' };
    const ours = { type: 'reasoning', id: 'rs_atp_x_0', summary: [], encrypted_content: 'enc' };
    const bare = { type: 'reasoning', id: 'rs_2', summary: [{ type: 'summary_text', text: 'a' }] };
    const text = { role: 'user', content: 'Hi' };
    const patched = passThrough.patchRequest(
      { model: 'a', input: [usable, ours, bare, text] },
      { model: 'a', include_usage: true },
    );
    expect(patched.ignored).toEqual(['thinking_in_answer']);
    expect(patched.body['input']).toEqual([usable, { type: 'reasoning', summary: [], encrypted_content: 'enc' }, text]);
  });

  it('does not touch an input that needs no change', () => {
    const input = [{ role: 'user', content: 'Hi' }];
    const patched = passThrough.patchRequest({ model: 'a', input }, { model: 'a', include_usage: true });
    expect(patched.body['input']).toBe(input);
    expect(patched.ignored).toEqual([]);
  });

  it('writes the cost into the closing event', () => {
    const frame = framesOf(fixture('plain.sse')).at(-1);
    if (frame === undefined) throw new Error('the fixture is empty');
    const [event] = typedEvents(passThrough.annotateFrame(frame, ATP));
    expect(event).toMatchObject({ type: 'response.completed', response: { id: 'resp_68a1', atp: ATP } });
  });
});
