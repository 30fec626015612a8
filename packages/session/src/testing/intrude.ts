import { type Frame, hasFlag, isWireObject, PROTOCOL_MAJOR } from '@atp-router/wire';
import { Draw } from '@atp-router/kernel/testing';
import { seedFor } from './seed-for.ts';
import type { World } from './world.ts';

/** For an answer to come before the intruder goes away. */
const PATIENCE_MS = 3_000;

/** Somebody else opens a connection with a frame that must not let him in; the session that is there goes on. */
export function intrude(world: World, how: 'spent_token' | 'made_up_token' | 'hello'): void {
  const { server, client } = world.ends;
  if (!server.established || !client.established) return;
  const frame = openingOf(world, how);
  if (frame === undefined) return;
  world.network.dial((wire) => {
    if (wire === undefined || world.ends.server.state !== 'up') return undefined;
    world.shell.intruders.add(wire.id);
    world.time.after(0, () => wire.send(server.encode(frame)));
    world.time.after(PATIENCE_MS, () => wire.close());
    return {
      bytes: (bytes) => {
        const answer = client.decode(bytes);
        if (answer !== undefined) judge(world, how, answer);
      },
      closed: () => undefined,
    };
  });
}

function openingOf(world: World, how: 'spent_token' | 'made_up_token' | 'hello'): Frame | undefined {
  const { session_id, plan } = world;
  const draw = new Draw(seedFor(plan.seed, `intruder at ${world.time.now_ms}`));
  const head = {
    v: PROTOCOL_MAJOR,
    session_id,
    stream_id: '0',
    msg_seq: draw.int(0, 20),
    flags: ['SYN', 'CTRL'],
  } as const;
  if (how === 'hello') {
    const content = { encodings: ['json'], features: ['intruder'], pending_messages: 7 };
    return { ...head, payload: { type: 'control.hello', content } };
  }
  const { spent } = world.watch.tokens;
  const token = how === 'made_up_token' ? `made-up-${draw.int(0, 1e9)}` : spent[draw.int(0, spent.length - 1)];
  return token === undefined ? undefined : { ...head, payload: { type: 'control.resume', content: { token } } };
}

function judge(world: World, how: string, answer: Frame): void {
  const content = answer.payload?.content;
  const code = isWireObject(content) ? content['code'] : undefined;
  if (hasFlag(answer, 'RST') && code === 'ESEC') return;
  world.watch.broken(`server answers an intruder with ${how}: ${(answer.flags ?? []).join('|')} ${String(code)}`);
}
