import type { FrameFault } from '@atp-router/wire';

/** An input that is no frame, and the fault that has to be found. */
export type Failure = { readonly name: string; readonly fault: FrameFault } & (
  | { readonly json: string }
  /** JSON as bytes, where it is no text. */
  | { readonly json_hex: string }
  | { readonly cbor_hex: string }
);

const head = '"v":1,"session_id":"s","stream_id":"t","msg_seq":0';
const json = (name: string, fault: FrameFault, text: string): Failure => ({ name, fault, json: text });
const field = (name: string, fault: FrameFault, text: string): Failure => json(name, fault, `{${head},${text}}`);
const payload = (name: string, fault: FrameFault, text: string): Failure => field(name, fault, `"payload":${text}`);
const content = (name: string, fault: FrameFault, text: string): Failure =>
  payload(name, fault, `{"type":"agent.log","content":${text}}`);

/** The bare frame in CBOR without its map header, and the payload whose content follows. */
const HEAD = '0001016173026174' + '0300';
const CONTENT = `a5${HEAD}0aa2006961${'67656e742e6c6f67'}01`;
const cbor = (name: string, fault: FrameFault, hex: string): Failure => ({
  name,
  fault,
  cbor_hex: hex.replaceAll(' ', ''),
});
const item = (name: string, fault: FrameFault, hex: string): Failure => cbor(name, fault, `${CONTENT}${hex}`);

const digest = `"sha256:${'0'.repeat(64)}"`;

export const JSON_FAILURES: readonly Failure[] = [
  json('nothing', 'syntax', ''),
  json('cut off', 'syntax', `{${head}`),
  json('a byte order mark', 'syntax', `\ufeff{${head}}`),
  json('something behind', 'syntax', `{${head}} x`),
  { name: 'no UTF-8', fault: 'utf8', json_hex: Buffer.from(`{${head},"x":"\xff"}`, 'latin1').toString('hex') },
  json('an array', 'type', `[{${head}}]`),
  json('no major', 'missing', '{"session_id":"s","stream_id":"t","msg_seq":0}'),
  json('another major', 'version', '{"v":2}'),
  json('a major that is text', 'type', '{"v":"1"}'),
  json('no session', 'missing', '{"v":1,"stream_id":"t","msg_seq":0}'),
  json('no stream', 'missing', '{"v":1,"session_id":"s","msg_seq":0}'),
  json('no sequence number', 'missing', '{"v":1,"session_id":"s","stream_id":"t"}'),
  json('an empty session', 'value', '{"v":1,"session_id":"","stream_id":"t","msg_seq":0}'),
  json('a session of 129 characters', 'value', `{"v":1,"session_id":"${'é'.repeat(129)}","stream_id":"t","msg_seq":0}`),
  json('a sequence number below zero', 'value', '{"v":1,"session_id":"s","stream_id":"t","msg_seq":-1}'),
  json('a sequence number with a fraction', 'type', '{"v":1,"session_id":"s","stream_id":"t","msg_seq":1.5}'),
  json(
    'a sequence number that is not exact',
    'number',
    '{"v":1,"session_id":"s","stream_id":"t","msg_seq":9007199254740992}',
  ),
  field('null in a known field', 'type', '"ttl":null'),
  field('a hop limit above 255', 'value', '"ttl":256'),
  field('a tier that there is not', 'value', '"qos":"Gold"'),
  field('flags that are text', 'type', '"flags":"SYN"'),
  field('an empty flag', 'value', '"flags":[""]'),
  field('17 flags', 'value', `"flags":[${Array.from({ length: 17 }, () => '"HB"').join(',')}]`),
  field('a window above its bound', 'value', '"window":{"max_usd_micros":10000000001}'),
  field('a window that is a list', 'type', '"window":[]'),
  field('17 data scopes', 'value', `"meta":{"data_scope":[${Array.from({ length: 17 }, () => '"a"').join(',')}]}`),
  field('a clock that is no integer', 'type', '"meta":{"vector_clock":{"a":"1"}}'),
  field('a signature without a nonce', 'missing', `"ts":1,"kid":"k","sig":"${'A'.repeat(43)}"`),
  field('a signature with unused bits', 'value', `"nonce":"n","ts":1,"kid":"k","sig":"${'A'.repeat(42)}B"`),
  field('a checksum in upper case', 'value', `"checksum":"sha256:${'A'.repeat(64)}"`),
  payload('no payload type', 'missing', '{"content":1}'),
  payload('a confidence above one', 'value', '{"type":"agent.log","confidence":1.01}'),
  payload('a cost below zero', 'value', '{"type":"agent.log","cost_est":{"usd_micros":-1}}'),
  payload('a provisional result without expiry', 'missing', '{"type":"agent.result.provisional","content":"x"}'),
  payload('a dispatch without targets', 'missing', '{"type":"agent.dispatch","content":{"session_id":"p"}}'),
  payload('a status that there is not', 'value', '{"type":"control.status","content":{"status":"ready"}}'),
  payload('an acknowledgement without content', 'missing', '{"type":"control.ack"}'),
  payload('a seal without its size', 'missing', `{"type":"agent.log","frag":{"root":${digest}}}`),
  field(
    'a fragment that is a list',
    'type',
    `"flags":["MORE"],"payload":{"type":"x","content":[],"checksum":${digest}}`,
  ),
  field('a fragment without a digest', 'missing', '"frag_seq":1,"payload":{"type":"x","content":"a"}'),
  field(
    'a draft’s fragment that is a list',
    'type',
    `"flags":["FRAG"],"payload":{"type":"x","content":[],"checksum":${digest}}`,
  ),
  content('a number above 2^53 - 1', 'number', '9007199254740992'),
  content('a number below -(2^53 - 1)', 'number', '[-9007199254740992]'),
  content('a number that no double holds', 'number', '1e400'),
  content('half a surrogate pair', 'utf8', '"\\ud800"'),
  content('the other half first', 'utf8', '"\\udc00\\ud800"'),
  content('half a pair in a name', 'utf8', '{"\\udfff":1}'),
  content('padded bytes', 'bytes', '{"$bytes":"AA=="}'),
  content('bytes with unused bits', 'bytes', '{"$bytes":"AB"}'),
  content('bytes in the alphabet of base64', 'bytes', '{"$bytes":"+/+/"}'),
  content('bytes with white space', 'bytes', '{"$bytes":"AA AA"}'),
  content('bytes that are a number', 'bytes', '{"$bytes":1}'),
  content('bytes with company', 'bytes', '{"$bytes":"AAAA","x":1}'),
  content('a mark behind an escape', 'bytes', '{"\\u0024bytes":"AA=="}'),
  field('a mark in the place of a known object', 'bytes', '"meta":{"$bytes":"AAAA"}'),
  content('65 levels', 'too_deep', '['.repeat(63) + ']'.repeat(63)),
];

export const CBOR_FAILURES: readonly Failure[] = [
  cbor('nothing', 'truncated', ''),
  cbor('a list', 'type', '80'),
  cbor('JSON', 'type', Buffer.from(`{${head}}`).toString('hex')),
  cbor('cut off', 'truncated', `a4${HEAD.slice(0, -2)}`),
  cbor('something behind', 'trailing', `a4${HEAD}00`),
  cbor('another major', 'version', 'a10002'),
  cbor('keys out of order', 'non_canonical', 'a4 016173 0001 026174 0300'),
  cbor('a key twice', 'duplicate_key', `a5${HEAD}0301`),
  cbor('a key behind a name', 'non_canonical', 'a5 0001 016173 026174 617800 0300'),
  cbor('a name that has a key', 'non_canonical', `a5${HEAD}6374746c08`),
  cbor('a key that is not given out', 'unknown_key', `a5${HEAD}1000`),
  cbor('a key of a window that is not given out', 'unknown_key', `a5${HEAD}08a10300`),
  cbor('a negative key', 'unsupported', `a5${HEAD}2000`),
  cbor('a tier that there is not', 'value', `a5${HEAD}0664476f6c64`),
  cbor('a hop limit above 255', 'value', `a5${HEAD}07190100`),
  item('an integer that is too long', 'non_canonical', '1817'),
  item('an integer of nine bytes', 'non_canonical', '1b00000000ffffffff'),
  item('a length that is too long', 'non_canonical', '780161'),
  item('an integer as a float', 'non_canonical', 'f93c00'),
  item('minus zero', 'non_canonical', 'f98000'),
  item('a half as a single', 'non_canonical', 'fa3fc00000'),
  item('a single as a double', 'non_canonical', 'fb3fb99999a0000000'),
  item('text without a length', 'non_canonical', '7f6161ff'),
  item('a list without a length', 'non_canonical', '9f00ff'),
  item('names out of order', 'non_canonical', 'a2616200616100'),
  item('a longer name first', 'non_canonical', 'a262616100616200'),
  item('a name twice', 'duplicate_key', 'a2616100616101'),
  item('an integer key in a free place', 'unsupported', 'a10000'),
  item('a tag', 'unsupported', 'c000'),
  item('undefined', 'unsupported', 'f7'),
  item('a simple value', 'unsupported', 'f8ff'),
  item('a reserved size', 'syntax', '1c'),
  item('an integer above 2^53 - 1', 'number', '1b0020000000000000'),
  item('an integer below -(2^53 - 1)', 'number', '3b001fffffffffffff'),
  item('a float above 2^53 - 1', 'number', 'fa5a000000'),
  item('NaN', 'number', 'f97e00'),
  item('infinity', 'number', 'f97c00'),
  item('text that is no UTF-8', 'utf8', '61ff'),
  item('a surrogate', 'utf8', '63eda080'),
  item('the mark of bytes', 'bytes', 'a1662462797465736441414141'),
  item('text of four gigabytes', 'truncated', '7affffffff'),
  item('more than 65,536 elements', 'too_many_items', '9a00010000'),
  item('65 levels', 'too_deep', `${'81'.repeat(62)}80`),
];
