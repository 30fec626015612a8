import type { HelloContent } from '@atp-router/wire';
import { errorOf, has, helloOf } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';

/** The client's id, its token, and what comes before the answer. */
async function s5(probe: Probe): Promise<void> {
  const peer = await probe.peer({ session_id: 'too-short' });
  probe.syn(peer);
  await peer.reset('0', 'EPROTO');
  const { key } = probe.target;
  if (key === undefined) return;
  await probe.open({ without_key: true, hello: { token: key } });
}

async function s6(probe: Probe): Promise<void> {
  const peer = await probe.peer();
  const features = ['feature-that-nobody-has'];
  const syn = probe.syn(peer, { hello: { encodings: ['encoding-that-nobody-has', 'json'], features } });
  const content = helloOf(await probe.answered(peer));
  const required = ['encoding', 'features', 'interval_s', 'idle_fin_s', 'resume_token', 'resume_ttl_ms'] as const;
  for (const name of required) assert(content[name] !== undefined, `a hello with ${name}`, 'none');
  assert(content.encoding === 'json', 'an encoding that was offered', String(content.encoding));
  assert(content.features?.length === 0, 'only features that both have', () => String(content.features));
  const first = peer.history.at(-1)?.text;
  peer.send(syn);
  const again = await probe.answered(peer);
  assert(peer.history.at(-1)?.text === first, 'the same answer to the same SYN', JSON.stringify(again.flags));
  await peer.stream();
  const other = await probe.peer({ session_id: peer.session_id });
  probe.syn(other, { hello: { encodings: ['json', 'cbor'] } });
  await other.reset('0', 'ESEC');
}

async function s7(probe: Probe): Promise<void> {
  const peer = await probe.peer();
  probe.syn(peer, { hello: { encodings: ['encoding-that-nobody-has'] } });
  await peer.reset('0', 'EPROTO');
  const other = await probe.peer();
  other.message({ msg_seq: 0 });
  const { frame } = await other.expect('RST|CTRL on stream 0', (one) => has(one, 'RST'));
  const is_right = has(frame, 'CTRL') && frame.stream_id === '0' && errorOf(frame)?.code === 'EPROTO';
  assert(is_right, 'RST|CTRL on stream 0 with EPROTO', () => JSON.stringify(frame));
  if (probe.target.key === undefined) return;
  const nobody = await probe.peer({ without_key: true });
  probe.syn(nobody, { hello: { token: 'token-that-nobody-has' } });
  await nobody.reset('0', 'ESEC');
}

async function s8(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const { pending_messages = 256 } = peer.hello;
  assert(
    pending_messages >= 1 && pending_messages <= 4_096,
    'pending_messages from 1 to 4,096',
    String(pending_messages),
  );
  await peer.stream();
  const credit = Math.max(...peer.history.flatMap(({ frame }) => creditsOf(frame)));
  assert(credit >= pending_messages - 1, `credit of at least ${pending_messages - 1}`, String(credit));
  skipUnless(credit < pending_messages + 256, 'The server gives more credit than it says that it has room for.');
}

const NOBODYS = 'name-that-nobody-has';

/** The first encoding that both have; in the handshake JSON, and in a resumption the chosen one. */
async function s46(probe: Probe): Promise<void> {
  const chosen = async (hello: HelloContent): Promise<string | undefined> => {
    const peer = await probe.peer();
    peer.control(['SYN'], { type: 'control.hello', content: hello });
    return helloOf(await probe.answered(peer)).encoding;
  };
  const none = await chosen({});
  assert(none === 'json', 'json where the client offers none', String(none));
  const json = await chosen({ encodings: [NOBODYS, 'json', 'cbor'] });
  assert(json === 'json', 'the first that the server has', String(json));
  const peer = await probe.open({ hello: { encodings: [NOBODYS, 'cbor', 'json'] } });
  const kind = peer.history[0]?.kind;
  assert(kind === 'text', 'the answer to a hello in JSON', String(kind));
  if (peer.encoding !== 'cbor') return;
  await inCbor(probe, peer);
}

async function inCbor(probe: Probe, first: Peer): Promise<void> {
  const peer = await probe.peer();
  const content = { encodings: ['cbor', 'json'] };
  peer.send(peer.controlFrame(['SYN'], { type: 'control.hello', content }), 'cbor');
  await probe.answered(peer);
  const kind = peer.history[0]?.kind;
  assert(kind === 'text', 'the answer in JSON to a hello in CBOR, too', String(kind));
  const { resume_token } = first.hello;
  if (resume_token === undefined) return;
  await first.stream();
  first.ws.cut();
  const second = (await probe.peer()).follow(first);
  second.control(['SYN'], { type: 'control.resume', content: { token: resume_token, acks: [] } });
  await probe.answered(second);
  const resumed = second.history[0]?.encoding;
  assert(resumed === 'cbor', 'a resumption answered in the encoding that was chosen', String(resumed));
}

/** Names that the server does not know are left out, and what cannot be read is of no session. */
async function s47(probe: Probe): Promise<void> {
  const peer = await probe.open({ hello: { features: [NOBODYS, 'resume'], compression: [NOBODYS] } });
  const { features = [], compression } = peer.hello;
  const unknown = features.filter((name) => name !== 'sig');
  assert(unknown.length === 0, 'no feature but sig', unknown.join());
  assert(compression === undefined || compression.length === 0, 'no compression', () => String(compression));
  const other = await probe.peer();
  other.text('{"v":1');
  const { frame } = await other.expect('RST', (one) => has(one, 'RST'));
  assert(frame.session_id === '-', 'the session_id "-" in the refusal of what cannot be read', frame.session_id);
}

function creditsOf({
  payload,
}: {
  readonly payload?: { readonly type: string; readonly content?: unknown };
}): number[] {
  if (payload?.type !== 'control.ack') return [];
  const { acks } = payload.content as { readonly acks: readonly { readonly credit?: number }[] };
  return acks.flatMap(({ credit }) => (credit === undefined ? [] : [credit]));
}

export const OPENING: readonly Sentence[] = [
  {
    id: 'S5',
    level: 'L1',
    title: 'The client opens with SYN, an id of at least 16 characters, and its token',
    judge: s5,
  },
  {
    id: 'S6',
    level: 'L1',
    title: 'The server answers with what it chose and grants, and the same SYN in the same way',
    judge: s6,
  },
  { id: 'S7', level: 'L1', title: 'A server that does not accept answers RST with the right code', judge: s7 },
  { id: 'S8', level: 'L1', title: 'pending_messages is what an end takes of a lane', judge: s8 },
  { id: 'S46', level: 'L1', title: 'The first encoding that both have is chosen', judge: s46 },
  { id: 'S47', level: 'L1', title: 'Names that a server does not know are left out', judge: s47 },
];
