import type { Field, Shape, Spec } from '../fields/spec.ts';
import { FrameError } from '../frame-error.ts';
import { type Check, checkInt, checkNumber, checkObject, checkPattern, checkText } from './check.ts';
import { checkFree, checkName, checkUnknown } from './free.ts';

/** Judges an object by its table of fields, `depth` containers deep. For contents; the frame itself has its own check. */
export function checkShape(check: Check, value: unknown, shape: Shape, depth: number, path: string): void {
  const object = checkObject(check, value, depth, path);
  const { fields } = shape;
  let count = 0;
  for (const name in object) {
    const member = object[name];
    if (member === undefined) continue;
    count += 1;
    const field = fieldOf(fields, name);
    if (field === undefined) checkUnknown(check, object, name, depth, path);
    else {
      const checked = checkSpec(check, member, field.spec, depth, path, name);
      if (checked !== member) object[name] = checked;
    }
  }
  check.take(count, path);
  for (const name in fields) {
    if (fields[name]?.required && object[name] === undefined)
      throw new FrameError('missing', { path: `${path}.${name}` });
  }
}

function fieldOf(fields: Shape['fields'], name: string): Field | undefined {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}

function checkSpec(check: Check, value: unknown, spec: Spec, depth: number, parent: string, name: string): unknown {
  const path = `${parent}.${name}`;
  switch (spec.kind) {
    case 'int':
      checkInt(value, spec.min, spec.max, path);
      return value;
    case 'number':
      checkNumber(value, spec.min, spec.max, path);
      return value;
    case 'text':
      if (spec.pattern === undefined) checkText(check, value, spec.min, spec.max, path);
      else checkPattern(check, value, spec.max, spec.pattern, path);
      return value;
    case 'word':
      if (!spec.values.includes(checkText(check, value, 0, Number.POSITIVE_INFINITY, path)))
        throw new FrameError('value', { path });
      return value;
    case 'flag':
      if (typeof value !== 'boolean') throw new FrameError('type', { path });
      return value;
    case 'list':
      return checkList(check, value, spec, depth, path);
    case 'record':
      return checkRecord(check, value, spec, depth, path);
    case 'object':
      checkShape(check, value, spec.shape, depth + 1, path);
      return value;
    case 'either':
      return checkSpec(check, value, alternative(spec.of, value, path), depth, parent, name);
    case 'any':
      return checkFree(check, value, depth, path);
    case 'free_object':
      checkObject(check, value, depth + 1, path);
      if (checkFree(check, value, depth, path) !== value) throw new FrameError('type', { path });
      return value;
  }
}

type ListSpec = Extract<Spec, { kind: 'list' | 'record' }>;

function checkList(check: Check, value: unknown, spec: ListSpec, depth: number, path: string): unknown {
  if (!Array.isArray(value)) throw new FrameError('type', { path });
  if (value.length > spec.max) throw new FrameError('value', { path });
  if (depth >= check.depth_max) throw new FrameError('too_deep', { path });
  check.take(value.length, path);
  for (let i = 0; i < value.length; i += 1) checkSpec(check, value[i], spec.of, depth + 1, path, '*');
  return value;
}

function checkRecord(check: Check, value: unknown, spec: ListSpec, depth: number, path: string): unknown {
  const record = checkObject(check, value, depth + 1, path);
  let count = 0;
  for (const name in record) {
    const member = record[name];
    if (member === undefined) continue;
    count += 1;
    if (check.origin !== 'read') checkName(name, path);
    checkSpec(check, member, spec.of, depth + 1, path, '*');
  }
  if (count > spec.max) throw new FrameError('value', { path });
  check.take(count, path);
  return value;
}

/** The alternative whose JSON type the value has: there is at most one. */
function alternative(specs: readonly Spec[], value: unknown, path: string): Spec {
  const found = specs.find((spec) => typeOf(spec) === (Array.isArray(value) ? 'array' : typeof value));
  if (found === undefined) throw new FrameError('type', { path });
  return found;
}

function typeOf(spec: Spec): string {
  switch (spec.kind) {
    case 'int':
    case 'number':
      return 'number';
    case 'text':
    case 'word':
      return 'string';
    case 'flag':
      return 'boolean';
    case 'list':
      return 'array';
    default:
      return 'object';
  }
}
