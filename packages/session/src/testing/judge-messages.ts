import { isSilent, type EndsView, type MessageBook, named, type Sent } from './message-book.ts';
import { otherSide, SIDES } from './network.ts';

/** Holds what both ends said of every message against each other, once nothing more will be said. */
export function judgeMessages(book: MessageBook, view: EndsView, broken: (what: string) => void): void {
  for (const side of SIDES)
    for (const sent of book.allSent(side)) if (sent.gone !== true && !sent.internal) judge(sent, book, view, broken);
}

function judge(sent: Sent, book: MessageBook, view: EndsView, broken: (what: string) => void): void {
  const { side, id, outcome } = sent;
  const receiver = otherSide(side);
  const arrival = book.arrival(receiver, id);
  const handed_on = (arrival?.fresh ?? 0) > 0 || (arrival !== undefined && arrival.failed === undefined);
  if (outcome === undefined && !view.cutOff(side))
    broken(`${side} never says what became of ${named(id)}${handed_on ? ', which was handed on' : ''}`);
  if (isSilent(sent) && id.lane.stream_id === '0') return;
  if (outcome === 'acknowledged') {
    if (!handed_on && !(view.cutOff(receiver) && view.life(receiver) > 0))
      broken(`${side} has ${named(id)} acknowledged, and ${receiver} never handed it on`);
    if (arrival?.failed !== undefined)
      broken(`${side} has ${named(id)} acknowledged, and ${receiver} reported it as failed`);
  }
  if (outcome !== 'expired' && outcome !== 'corrupt') return;
  if (handed_on) broken(`${side} reports ${named(id)} as ${outcome}, and ${receiver} handed it on`);
  const excused = view.aborted(id.lane.stream_id) || view.cutOff(receiver) || view.cutOff(side);
  if (arrival?.failed === undefined && !excused)
    broken(`${side} reports ${named(id)} as ${outcome}, and ${receiver} does not know of it`);
}
