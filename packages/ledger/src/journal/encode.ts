import type { Price, Usage } from '@atp-router/kernel';
import {
  type AttemptIntent,
  type AttemptRecord,
  type CallEnded,
  type CallHead,
  EVENT_VERSION,
  type IdempotencyRef,
  type RouterEvent,
} from '../events.ts';
import type { AttemptFootprint } from '../footprint.ts';
import type { LaneMark } from '../lane-mark.ts';
import { isSumOf, shortPrice } from './shorten.ts';

/** What a string may not hold to stand between quotes as it is: JSON's own marks, controls, whatever is not ASCII. */
const UNQUOTABLE = /[^ !#-[\]-~]/;

/** Parts that return from call to call are kept as text: of that many keys, and models and prices of each. */
const PARTS_MAX = 256;

/** The members of a head that the calls of one key for one model mostly have in common. */
type SharedHead = Omit<
  CallHead,
  'call_id' | 'stream' | 'trace_id' | 'parent_span_id' | 'trace_sampled' | 'started_ms' | 'budget_day'
>;

type Route = Pick<AttemptIntent, 'turn' | 'kind' | 'model' | 'provider'>;

/**
 * Writes events as the lines of a journal block. Those of calls and attempts are written member by member, with the
 * parts that many calls share kept as text: a third of what `JSON.stringify` costs. Members that follow from others are
 * left out, see `shorten.ts`. Otherwise a line is what `JSON.stringify` makes of the event.
 */
export class RecordEncoder {
  readonly #heads: Parts<string, Parts<string, { readonly head: SharedHead; readonly text: string }>> = new Parts();
  readonly #routes: Parts<string, { readonly route: Route; readonly text: string }> = new Parts();
  /** Price objects are never changed in place: a change of the configuration makes new ones. */
  readonly #prices: Parts<Price, { readonly text: string }> = new Parts();
  #stamp_ms = Number.NaN;
  #stamp = '';

  /** One record with its newline. */
  encode(event: RouterEvent, seq: number, ts_ms: number): string {
    if (ts_ms !== this.#stamp_ms) {
      this.#stamp = `,"ts_ms":${number(ts_ms)},`;
      this.#stamp_ms = ts_ms;
    }
    const start = `{"v":${EVENT_VERSION},"seq":${seq}${this.#stamp}`;
    switch (event.type) {
      case 'call.opened':
        return `${start}"type":"call.opened",${this.#head(event)}${claim(event.idempotency)},"attempt":${this.#intent(event.attempt)}}\n`;
      case 'call.ended':
        return `${start}"type":"call.ended",${this.#head(event)}${this.#end(event)}${claim(event.idempotency)}}\n`;
      case 'attempt.started':
        return `${start}"type":"attempt.started","call_id":${text(event.call_id)},"attempt":${this.#intent(event.attempt)}}\n`;
      case 'attempt.ended':
        return `${start}"type":"attempt.ended","call_id":${text(event.call_id)},"attempt":${this.#attempt(event.attempt)}}\n`;
      default:
        return `${start}${JSON.stringify(event).slice(1)}\n`;
    }
  }

  #head(head: CallHead): string {
    const { trace_id, parent_span_id, trace_sampled } = head;
    let trace = '';
    if (trace_id !== undefined) trace = optional('trace_id', trace_id);
    if (parent_span_id !== undefined) trace += optional('parent_span_id', parent_span_id);
    if (trace_sampled !== undefined) trace += `,"trace_sampled":${trace_sampled}`;
    return (
      `"call_id":${text(head.call_id)}${this.#sharedHead(head)},"stream":${head.stream}${trace},` +
      `"started_ms":${number(head.started_ms)}${head.budget_day === undefined ? '' : optional('budget_day', head.budget_day)}`
    );
  }

  #sharedHead(head: CallHead): string {
    const known = this.#heads.get(head.key_id)?.get(head.requested_model);
    if (known !== undefined && sameHead(known.head, head)) return known.text;
    const { tenant, key_id, endpoint, requested_model, policy, agent, qos, task_type } = head;
    const shared = { tenant, key_id, endpoint, requested_model, policy, agent, qos, task_type };
    const of_key = this.#heads.get(key_id) ?? this.#heads.set(key_id, new Parts());
    return of_key.set(requested_model, { head: shared, text: `,${JSON.stringify(shared).slice(1, -1)}` }).text;
  }

  #end(event: CallEnded): string {
    const { attempts, usage: used, outcome, error, status } = event;
    let list = '';
    for (let i = 0; i < attempts.length; i += 1) {
      const one = this.#attempt(attempts[i] as AttemptRecord);
      list = i === 0 ? one : `${list},${one}`;
    }
    const failed = error === undefined ? '' : optional('error', error);
    const sum = isSumOf(used, attempts) ? '' : `,"usage":${usage(used)}`;
    return (
      `,"outcome":"${outcome}"${failed},"status":${number(status)},"attempts":[${list}]${sum},` +
      `"cost_usd_nanos":${number(event.cost_usd_nanos)}${footprint(event)},"latency_ms":${tenths(event.latency_ms)}${ttfb(event.ttfb_ms)}`
    );
  }

  #intent(intent: AttemptIntent): string {
    const { in_tokens, out_tokens, reserved_usd_nanos, price } = intent;
    return (
      `{"n":${number(intent.n)}${this.#route(intent)}${laneMark(intent)},"in_tokens":${number(in_tokens)},"out_tokens":${number(out_tokens)},` +
      `"reserved_usd_nanos":${number(reserved_usd_nanos)}${price === undefined ? '' : this.#price(price)}}`
    );
  }

  #attempt(record: AttemptRecord): string {
    const { outcome, error, upstream_status, offset_ms, tools_usd_nanos } = record;
    const failed = error === undefined ? '' : optional('error', error);
    const answered = upstream_status === undefined ? '' : `,"upstream_status":${number(upstream_status)}`;
    const tools = tools_usd_nanos === undefined ? '' : `,"tools_usd_nanos":${number(tools_usd_nanos)}`;
    return (
      `{"n":${number(record.n)}${this.#route(record)}${laneMark(record)},"outcome":"${outcome}"${failed}${answered},` +
      `"usage":${usage(record.usage)},"usage_source":"${record.usage_source}",` +
      `"cost_usd_nanos":${number(record.cost_usd_nanos)}${tools}${footprint(record)}${offset_ms === undefined ? '' : `,"offset_ms":${tenths(offset_ms)}`},` +
      `"latency_ms":${tenths(record.latency_ms)}${ttfb(record.ttfb_ms)}}`
    );
  }

  #route({ turn, kind, model, provider }: Route): string {
    const known = this.#routes.get(model);
    if (known !== undefined) {
      const { route } = known;
      if (route.turn === turn && route.kind === kind && route.provider === provider) return known.text;
    }
    const route = { turn, kind, model, provider };
    return this.#routes.set(model, { route, text: `,${JSON.stringify(route).slice(1, -1)}` }).text;
  }

  #price(price: Price): string {
    const known = this.#prices.get(price);
    if (known !== undefined) return known.text;
    return this.#prices.set(price, { text: `,"price":${JSON.stringify(shortPrice(price))}` }).text;
  }
}

/** A map that forgets everything when it is full. */
class Parts<K, V> {
  readonly #map: Map<K, V> = new Map();

  get(key: K): V | undefined {
    return this.#map.get(key);
  }

  set(key: K, value: V): V {
    if (this.#map.size >= PARTS_MAX) this.#map.clear();
    this.#map.set(key, value);
    return value;
  }
}

function sameHead(a: SharedHead, b: SharedHead): boolean {
  return (
    a.tenant === b.tenant &&
    a.endpoint === b.endpoint &&
    a.qos === b.qos &&
    a.policy === b.policy &&
    a.agent === b.agent &&
    a.task_type === b.task_type
  );
}

function usage({ in_tokens, out_tokens, cached_in_tokens, cache_write_tokens, reasoning_tokens }: Usage): string {
  let out = `{"in_tokens":${number(in_tokens)},"out_tokens":${number(out_tokens)}`;
  if (cached_in_tokens !== 0) out += `,"cached_in_tokens":${number(cached_in_tokens)}`;
  if (cache_write_tokens !== 0) out += `,"cache_write_tokens":${number(cache_write_tokens)}`;
  if (reasoning_tokens !== 0) out += `,"reasoning_tokens":${number(reasoning_tokens)}`;
  return `${out}}`;
}

function claim(ref: IdempotencyRef | undefined): string {
  return ref === undefined ? '' : `,"idempotency":${JSON.stringify(ref)}`;
}

/** Most calls have no lanes. */
function laneMark({ lane, role, source }: LaneMark): string {
  let out = lane === undefined ? '' : `,"lane":${number(lane)}`;
  if (role !== undefined) out += `,"role":"${role}"`;
  return source === undefined ? out : `${out}${optional('source', source)}`;
}

/** Few models say what they take. */
function footprint({ energy_joules, co2e_mg, region }: AttemptFootprint): string {
  let out = energy_joules === undefined ? '' : `,"energy_joules":${number(energy_joules)}`;
  if (co2e_mg !== undefined) out += `,"co2e_mg":${number(co2e_mg)}`;
  return region === undefined ? out : `${out}${optional('region', region)}`;
}

function optional(name: string, value: string): string {
  return `,"${name}":${text(value)}`;
}

function text(value: string): string {
  return UNQUOTABLE.test(value) ? JSON.stringify(value) : `"${value}"`;
}

function ttfb(value: number | undefined): string {
  return value === undefined ? '' : `,"ttfb_ms":${tenths(value)}`;
}

/** JSON has no infinities and no NaN; like `JSON.stringify`, this writes null. */
function number(value: number): string {
  return Number.isFinite(value) ? `${value}` : 'null';
}

/** Records hold tenths of milliseconds; two integers are written several times faster than a fraction. */
function tenths(value: number): string {
  const count = Math.round(value * 10);
  if (count / 10 !== value || count < 0 || count > 0x7fff_ffff) return number(value);
  const whole = Math.floor(count / 10);
  const rest = count - whole * 10;
  return rest === 0 ? `${whole}` : `${whole}.${rest}`;
}
