import type { Level } from '../model.ts';
import type { Sentence } from '../sentence.ts';

const hidden = (id: string, level: Level, title: string, not_observable: string): Sentence => {
  return { id, level, title, not_observable };
};

const PASSED_ON = 'A client sees what a server answers, and not what it passes on to another node.';

/** What only the server itself can know, or only a client can break. */
export const HIDDEN: readonly Sentence[] = [
  hidden('W7', 'L1', 'What is not known is kept when a frame is passed on', PASSED_ON),
  hidden('W11', 'L1', 'ttl is lowered when a frame is passed on', PASSED_ON),
  hidden('W21', 'L1', 'What is allocated is bounded by what has arrived', 'It is about the memory of the server.'),
  hidden(
    'W39',
    'L3',
    'Integer keys of CBOR never change their meaning',
    'It binds later editions of the protocol, not a server. W34 judges the keys that there are.',
  ),
  hidden('W47', 'L2', 'Who changes what is covered signs anew', PASSED_ON),
  hidden(
    'W48',
    'L1',
    'Canonical JSON is that of RFC 8785',
    'Nothing on the wire is in it; it is for people and tools.',
  ),
  hidden('W62', 'L1', 'Digests may be told when the root is wrong', 'It permits, and demands nothing.'),
  hidden(
    'S18',
    'L1',
    'Nothing is acknowledged that a crash would undo',
    'A client cannot make the server crash at a moment of its choice.',
  ),
  hidden('S21', 'L1', 'What failed is reported as failed', 'It is about what an end tells its own application.'),
  hidden('S35', 'L3', 'A server that was restarted resumes its sessions', 'A client cannot restart the server.'),
  hidden(
    'S40',
    'L2',
    'Whether a key is valid is judged by the time of the frame',
    'From when to when the keys of the server are valid is not told to a client.',
  ),
  hidden(
    'S41',
    'L1',
    'The newest status is kept until it has arrived',
    'It binds the end that says a status, which is the agent: a server has none to say.',
  ),
  hidden(
    'S42',
    'L1',
    'The resend lifetime stands still on a connection that is dead',
    'It shows in a dead connection that lasts as long as the lifetime, and S26 has closed that by then.',
  ),
  hidden(
    'T4',
    'L1',
    'What waits for an end that does not read is bounded',
    'How much waits is inside the server; from outside it looks as the buffers of the network do.',
  ),
  hidden('T5', 'L1', 'Few messages are compressed at a time', 'It is about the work of the server at one moment.'),
  hidden('T15', 'L1', 'A server that stops closes with 1001', 'A client cannot make the server stop.'),
  hidden(
    'T27',
    'L1',
    'There are at most 4,096 connections of plain HTTP',
    'To see the limit one would have to take all connections from everybody else.',
  ),
  hidden(
    'A8',
    'L1',
    'A check is done as any work, and billed to nobody',
    'Only an operator has agents checked; neither a client nor an agent can ask for it.',
  ),
];
