import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { tempFolder } from './support/process.ts';
import { atp, type Outcome } from './support/terminal.ts';

const root = join(import.meta.dirname, '../../..');
const traces = join(root, 'conformance/traces');
const FIELDS = readFileSync(join(root, 'docs/protocol/schemas/fields.json'), 'utf8');
const trace = (name: string): string => readFileSync(join(traces, `${name}.jsonl`), 'utf8');
const named = (folder: string): readonly string[] =>
  readdirSync(join(traces, folder)).flatMap((name) => (name.endsWith('.jsonl') ? [name.slice(0, -6)] : []));

let cwd = '';
beforeEach(() => {
  cwd = tempFolder();
});
const wire = (...args: readonly string[]): Promise<Outcome> => atp(['wire', ...args], { cwd });
const file = (name: string, content: string): string => {
  writeFileSync(join(cwd, name), content);
  return name;
};

describe('atp wire replay', () => {
  test.each(named(''))('%s keeps the rules', async (name) => {
    const { code, out } = await wire('replay', join(traces, `${name}.jsonl`));
    expect(code).toBe(0);
    expect(out).toMatch(/\d+ frames in 1 session: 0 errors, \d+ notes?\.\n$/);
  });

  test.each(named('broken'))('%s breaks its rule', async (name) => {
    const { code, out } = await wire('replay', '--json', join(traces, `broken/${name}.jsonl`));
    expect(code).toBe(1);
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: { rule: string }[] };
    expect(ok).toBe(false);
    expect(findings.map(({ rule }) => rule)).toContain(name.split('-')[0]);
  });

  test('prints every frame, and what was found below it', async () => {
    const { out } = await wire('replay', '--print', join(traces, 'broken/S17-acknowledgement-falls.jsonl'));
    expect(out).toMatch(/^ {7}0 ms {2}c1 {2}out: SYN\|CTRL control\.hello 0 of stream 0 {2}\(json, \d+ bytes\)\n/);
    expect(out).toContain('\n             S17: stream 1: ack_msg_up_to is 0, and was 1\n');
    expect(out).toMatch(/6 frames in 1 session: 2 errors, 0 notes\.\n$/);
  });

  test.each([
    ['{"v":1}', 'line 1: a trace begins with {"atp_trace":1}'],
    ['{"atp_trace":1}\nx', 'line 2: not JSON'],
    ['', 'line 1: not JSON'],
  ])('of %j is wrong usage', async (text, says) => {
    const { code, out, err } = await wire('replay', file('t.jsonl', text));
    expect({ code, out, err }).toEqual({ code: 2, out: '', err: `atp: t.jsonl is no trace: ${says}.\n` });
  });
});

describe('atp wire diff', () => {
  const LOG = '{"v":1,"session_id":"s","stream_id":"1","msg_seq":0,"payload":{"type":"agent.log","content":"hi"}}';
  const LOG_HEX = 'a5000101617302613103000aa200696167656e742e6c6f6701626869';

  test('of a frame in two encodings there is no difference', async () => {
    const both = [file('a.json', ` ${LOG.replace('"v":1,', '"ttl":8,"v":1,')}`), file('b.hex', LOG_HEX)];
    expect(await wire('diff', ...both)).toEqual({ code: 0, out: 'No difference in meaning.\n', err: '' });
  });

  test('of two frames it names places and values', async () => {
    const both = [file('a.json', LOG), file('b.json', LOG.replace('"hi"', '["ho"]').replace('"v":1', '"v":1,"ttl":2'))];
    const { code, out } = await wire('diff', ...both);
    expect(code).toBe(1);
    expect(out).toBe('frame 1: 2 differences\n  ttl\n    - 8\n    + 2\n  payload.content\n    - "hi"\n    + ["ho"]\n');
    const { out: text } = await wire('diff', '--json', ...both);
    expect(JSON.parse(text)).toMatchObject({
      equal: false,
      differences: [{ frame: 1, differences: [{ path: 'ttl' }, {}] }],
    });
  });

  test('of two traces it names lines, whatever their times', async () => {
    const before = file('a.jsonl', trace('task'));
    const same = file(
      'b.jsonl',
      trace('task')
        .replaceAll(/"t_ms":\d+/g, '"t_ms":7')
        .replaceAll('"conn":"c1"', '"conn":"x"'),
    );
    expect(await wire('diff', before, same)).toMatchObject({ code: 0 });
    const lines = trace('task').split('\n');
    const less = file('c.jsonl', lines.filter((line) => !line.includes('"changes no "')).join('\n'));
    expect(await wire('diff', before, less)).toMatchObject({
      code: 1,
      out: 'line 7: only in the first: in: agent.result.partial 1 of stream 1\n',
    });
  });

  test('a trace and a frame, and standard input twice, are wrong usage', async () => {
    const mixed = await wire('diff', file('a.jsonl', trace('task')), file('b.json', LOG));
    expect(mixed).toMatchObject({ code: 2, err: expect.stringContaining('a trace and a frame') });
    expect(await wire('diff', '-', '-')).toMatchObject({ code: 2 });
    expect(await wire('diff', file('c.json', '{}'), file('d.json', LOG))).toMatchObject({ code: 1, out: '' });
  });
});

describe('atp wire compat', () => {
  test('knows its own edition', async () => {
    const own = file('fields.json', FIELDS);
    expect(await wire('compat', own)).toEqual({ code: 0, out: 'Peers notice no difference.\n', err: '' });
    expect(await wire('compat', own, own)).toMatchObject({ code: 0 });
  });

  test('says what breaks whom, and by which sentence', async () => {
    const old = file('old.json', FIELDS.replace('"depth": 64', '"depth": 128').replace(',\n    "ECN"', ''));
    const { code, out } = await wire('compat', old);
    expect(code).toBe(1);
    expect(out).toContain('BREAKING  limits.depth: 128 became 64\n  old reader: reads it: ');
    expect(out).toContain('compatible  flags.ECN: flag added\n');
    expect(out).toContain('Breaking: the new edition does not read all that the old one sends.\n');
    const { out: text } = await wire('compat', '--json', old, file('new.json', FIELDS));
    expect(JSON.parse(text)).toMatchObject({
      ...{ compatibility: 'breaks_new_readers', old: 'old.json', new: 'new.json' },
      changes: [{ breaking: true, path: 'limits.depth', new_reader: { sentence: 'W20' } }, { breaking: false }],
    });
  });

  test('writes an upgrade checklist', async () => {
    const { code, out } = await wire(
      'compat',
      '--checklist',
      file('old.json', FIELDS.replace('"depth": 64', '"depth": 128')),
    );
    expect(code).toBe(1);
    expect(out).toMatch(/^# Upgrade checklist: old\.json to atp \d/);
    expect(out).toContain('## Breaking changes\n\n- [ ] `limits.depth`: 128 became 64\n  - new reader, old sender: ');
  });

  test('what is no description is wrong usage', async () => {
    const schema = readFileSync(join(root, 'docs/protocol/schemas/frame.schema.json'), 'utf8');
    expect(await wire('compat', file('schema.json', schema))).toMatchObject({
      ...{ code: 2, out: '' },
      err: expect.stringContaining('schema.json is no description of frames (fields.json): format is not 1'),
    });
  });
});
