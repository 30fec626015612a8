import { setTimeout as after } from 'node:timers/promises';
import { acksOfLane, dispatch, has, helloOf, isMessage, mainLane } from '../probe/frames.ts';
import { assert, skipUnless } from '../probe/outcome.ts';
import type { Peer } from '../probe/peer.ts';
import type { Probe } from '../probe/probe.ts';
import type { Sentence } from '../sentence.ts';

const SECOND_MS = 1_000;

function tokenOf(peer: Peer): string {
  const { resume_token } = peer.hello;
  skipUnless(resume_token !== undefined, 'The server gives no token to resume with.');
  return resume_token;
}

/** Another connection of a session, on which a token was sent. */
async function resuming(probe: Probe, former: Peer, token: string): Promise<Peer> {
  const peer = (await probe.peer()).follow(former);
  const content = { token, acks: [] };
  peer.control(['SYN'], { type: 'control.resume', content });
  return peer;
}

async function resumed(probe: Probe, former: Peer, token: string): Promise<Peer> {
  const peer = await resuming(probe, former, token);
  await probe.answered(peer);
  return peer;
}

async function refused(probe: Probe, former: Peer, token: string): Promise<string> {
  const { reason } = await (await resuming(probe, former, token)).reset('0', 'ESEC');
  return reason;
}

async function s31(probe: Probe): Promise<void> {
  const first = await probe.open();
  const token = tokenOf(first);
  first.message({ msg_seq: 0, flags: ['SYN', 'FIN'], payload: dispatch(first.session_id, probe.task()) });
  const { frame: before } = await first.expect('a message of the server', isMessage);
  await first.acked(0);
  first.ws.cut();
  const second = await resumed(probe, first, token);
  const hello = helloOf(second.answer as NonNullable<Peer['answer']>);
  const is_new = hello.resume_token !== undefined && hello.resume_token !== token;
  assert(is_new, 'a new token', hello.resume_token === undefined ? 'none' : 'the same one');
  const acked = acksOfLane(second.answer as NonNullable<Peer['answer']>, mainLane('1'));
  assert(
    acked.some(({ ack_msg_up_to }) => ack_msg_up_to === 0),
    'its acknowledgements in the answer',
    JSON.stringify(acked),
  );
  const fits = (one: typeof before): boolean =>
    isMessage(one) && one.msg_seq === before.msg_seq && one.stream_id === '1';
  await second.expect('what was not settled, sent again', fits);
}

async function s32(probe: Probe): Promise<void> {
  const peer = await probe.open();
  const token = tokenOf(peer);
  const { resume_ttl_ms = 60_000 } = peer.hello;
  skipUnless(
    probe.slow || resume_ttl_ms <= 3 * SECOND_MS,
    `It takes a time to resume of ${resume_ttl_ms} ms (--slow).`,
  );
  skipUnless(
    resume_ttl_ms <= 120 * SECOND_MS,
    `It takes a time to resume of ${resume_ttl_ms} ms, longer than any run.`,
  );
  await peer.stream();
  peer.ws.cut();
  await after(resume_ttl_ms + SECOND_MS);
  await refused(probe, peer, token);
}

/** Good once, and again as long as its answer may not have come; every other one is refused in the same words. */
async function s33(probe: Probe): Promise<void> {
  const first = await probe.open();
  const token = tokenOf(first);
  await first.stream();
  first.ws.cut();
  const lost = await resumed(probe, first, token);
  lost.ws.cut();
  const second = await resumed(probe, lost, token);
  await second.stream('3');
  second.ws.cut();
  const reasons = [await refused(probe, second, token), await refused(probe, second, 'A'.repeat(22))];
  assert(reasons[0] === reasons[1], 'the same words for every token that is not good', reasons.join(' | '));
  await resumed(probe, second, tokenOf(second));
}

async function s34(probe: Probe): Promise<void> {
  const old = await probe.open();
  await old.stream();
  const young = await resumed(probe, old, tokenOf(old));
  const close = await old.ws.events.take((one) => one.type === 'close', probe.patience_ms);
  assert(close !== undefined, 'the old connection closed', 'it is open');
  await young.stream('3');
  assert(!young.history.some(({ frame }) => has(frame, 'RST')), 'the session on the new one', 'RST');
}

/** What an older connection brings late is refused, and does no harm to what the newer one was answered. */
async function s44(probe: Probe): Promise<void> {
  const first = await probe.open();
  const token = tokenOf(first);
  await first.stream();
  const older = first.controlFrame(['SYN'], { type: 'control.resume', content: { token, acks: [] } });
  first.ws.cut();
  const newer = await resumed(probe, first, token);
  newer.ws.cut();
  const late = (await probe.peer()).follow(newer);
  late.send(older);
  const { reason } = await late.reset('0', 'ESEC');
  const guess = await refused(probe, newer, 'A'.repeat(22));
  assert(reason === guess, 'the words for a wrong token', reason);
  await (await resumed(probe, newer, tokenOf(newer))).stream('3');
}

/** The window is in the answer to a hello, and to a resumption. */
async function s45(probe: Probe): Promise<void> {
  const first = await probe.open();
  assert(first.answer?.window !== undefined, 'the window of the server in its hello', 'none');
  await first.stream();
  first.ws.cut();
  const { answer } = await resumed(probe, first, tokenOf(first));
  assert(answer?.window !== undefined, 'the window of the server in its answer to a resumption', 'none');
}

export const RESUMING: readonly Sentence[] = [
  {
    id: 'S31',
    level: 'L3',
    title: 'A session is resumed with its token, and what is not settled is sent again',
    judge: s31,
  },
  { id: 'S32', level: 'L3', title: 'When the time to resume is over the session is closed', judge: s32 },
  { id: 'S33', level: 'L3', title: 'A token is good once, and any other is refused in the same words', judge: s33 },
  {
    id: 'S34',
    level: 'L3',
    title: 'A resumption takes the session over from a connection that is still there',
    judge: s34,
  },
  {
    id: 'S44',
    level: 'L3',
    title: 'What resumes on a connection that the client has left is refused, and does no harm',
    judge: s44,
  },
  { id: 'S45', level: 'L1', title: 'The hello of a server has its window, on every connection', judge: s45 },
];
