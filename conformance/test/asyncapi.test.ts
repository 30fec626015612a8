import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// The meta-schema of AsyncAPI, as its maintainers publish it.
import meta from '@asyncapi/specs/schemas/3.0.0.json' with { type: 'json' };
import { encodeJson } from '@atp-router/wire';
import { sampleFrame } from '@atp-router/wire/testing';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { JSON_FAILURES } from '../src/wire/failures.ts';

type Row = { readonly [name: string]: unknown };

const document = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../docs/protocol/asyncapi.json'), 'utf8'),
) as Row & { readonly operations: Row; readonly components: Row };

const { components } = document;
const ajv = (): Ajv => new Ajv({ strict: false, validateFormats: false });

function refsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, one]) =>
    name === '$ref' && typeof one === 'string' ? [one] : refsIn(one),
  );
}

function resolved(ref: string): unknown {
  return ref
    .slice(2)
    .split('/')
    .reduce<unknown>((of, name) => (of as Row | undefined)?.[name], document);
}

describe('docs/protocol/asyncapi.json', () => {
  it('is a document of AsyncAPI 3', () => {
    // It brings the meta-schema of draft 7 along.
    const validate = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false }).compile(
      meta,
    );
    validate(document);
    expect(validate.errors ?? []).toEqual([]);
    expect(validate({ ...document, channels: { ws: { adress: '/ws' } } })).toBe(false);
    expect(validate({ ...document, operations: { send: { action: 'shout' } } })).toBe(false);
  });

  it('refers to what is there', () => {
    const refs = [...new Set(refsIn(document))];
    expect(refs.length).toBeGreaterThan(50);
    expect(refs.filter((ref) => !ref.startsWith('#/') || resolved(ref) === undefined)).toEqual([]);
  });

  it('has the channels and what is done on each', () => {
    const done = Object.values(document.operations).map((operation) => {
      const { action, channel, bindings } = operation as { action: string; channel: { $ref: string }; bindings?: Row };
      const { address } = resolved(channel.$ref) as { address: string };
      const method = (bindings?.['http'] as { method?: string } | undefined)?.method ?? 'ws';
      return `${action} ${method} ${address}`;
    });
    expect(done).toEqual([
      'receive ws /ws',
      'send ws /ws',
      'receive POST /v1/streams',
      'receive POST /v1/streams/{id}/frames',
      'send GET /v1/streams/{id}/events',
    ]);
  });

  it('takes the frames that the decoder takes', () => {
    const validate = ajv().compile({ components, $ref: '#/components/schemas/frame' });
    for (let seed = 0; seed < 200; seed += 1) {
      validate(JSON.parse(encodeJson(sampleFrame(seed))));
      expect(validate.errors ?? [], `seed ${seed}`).toEqual([]);
    }
  });

  it('refuses what the decoder refuses of members', () => {
    const validate = ajv().compile({ components, $ref: '#/components/schemas/frame' });
    const taken = JSON_FAILURES.filter((failure) => {
      if (!('json' in failure) || !['missing', 'type', 'value', 'bytes'].includes(failure.fault)) return false;
      return validate(JSON.parse(failure.json));
    });
    expect(taken).toEqual([]);
  });

  it('has a message for each payload type, which takes no other', () => {
    const frame = (type: string): unknown => ({ v: 1, session_id: 's', stream_id: '1', msg_seq: 0, payload: { type } });
    const log = ajv().compile({ components, $ref: '#/components/messages/agent.log/payload' });
    expect([log(frame('agent.log')), log(frame('agent.question'))]).toEqual([true, false]);
    const any = ajv().compile({ components, $ref: '#/components/messages/frame/payload' });
    expect([any(frame('agent.log')), any(frame('of.nobody'))]).toEqual([true, true]);
  });
});
