import { type Script, scriptOf } from '../../valkey/script.ts';

/** One call of a script of the server. Every one may be repeated: a reply that was lost says nothing about what was done. */
export interface Call {
  readonly script: ScriptName;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

export type ScriptName = 'save' | 'save_less' | 'drop' | 'renew' | 'take' | 'begin' | 'find' | 'mine';

/** Lua hands over so many values at once, and a few more. */
const CHUNK = 1_000;

/**
 * KEYS: session, owner's index, name, counter. ARGV: owner, epoch, number of the batch, wall clock, time to live,
 * `new` or `old`, born, tenant, key, name, `since` (`-`: unchanged), number of puts, puts, deletes.
 * Batches have numbers, as one whose connection was given up may be executed after those that followed it.
 */
const SAVE = `
local had = redis.call('HMGET', KEYS[1], '@owner', '@epoch', '@n')
if not had[1] then
  if ARGV[6] ~= 'new' then return 'gone' end
  redis.call('HSET', KEYS[1], '@owner', ARGV[1], '@epoch', ARGV[2], '@tenant', ARGV[8], '@key', ARGV[9],
    '@id', ARGV[10], '@since', '')
  redis.call('ZADD', KEYS[2], redis.call('INCR', KEYS[4]), ARGV[7])
  redis.call('HSET', KEYS[3], ARGV[8], ARGV[7])
elseif had[1] ~= ARGV[1] or had[2] ~= ARGV[2] then return 'moved'
elseif tonumber(had[3]) > tonumber(ARGV[3]) then return 'late' end
redis.call('HSET', KEYS[1], '@n', ARGV[3], '@at', ARGV[4])
if ARGV[11] ~= '-' then redis.call('HSET', KEYS[1], '@since', ARGV[11]) end
local puts = 12 + 2 * tonumber(ARGV[12])
for i = 13, puts, ${2 * CHUNK} do
  redis.call('HSET', KEYS[1], unpack(ARGV, i, math.min(i + ${2 * CHUNK - 1}, puts)))
end
for i = puts + 1, #ARGV, ${CHUNK} do
  redis.call('HDEL', KEYS[1], unpack(ARGV, i, math.min(i + ${CHUNK - 1}, #ARGV)))
end
for i = 1, 3 do redis.call('PEXPIRE', KEYS[i], ARGV[5]) end
return 'ok'`;

/** KEYS: session, owner's index, name. ARGV: owner, epoch, born, tenant. One that is gone leaves nothing of it in the indexes. */
const DROP = `
local had = redis.call('HMGET', KEYS[1], '@owner', '@epoch')
if had[1] and (had[1] ~= ARGV[1] or had[2] ~= ARGV[2]) then return 'moved' end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], ARGV[3])
if redis.call('HGET', KEYS[3], ARGV[4]) == ARGV[3] then redis.call('HDEL', KEYS[3], ARGV[4]) end
return 'ok'`;

/** KEYS: the owner's index, then session and name of each. ARGV: owner, wall clock, then epoch and time to live of each. */
const RENEW = `
local out = {}
for i = 2, #KEYS, 2 do
  local epoch, ttl = ARGV[i + 1], ARGV[i + 2]
  local had = redis.call('HMGET', KEYS[i], '@owner', '@epoch')
  if not had[1] then out[#out + 1] = 'gone'
  elseif had[1] ~= ARGV[1] or had[2] ~= epoch then out[#out + 1] = 'moved'
  else
    redis.call('HSET', KEYS[i], '@at', ARGV[2])
    for _, key in ipairs({ KEYS[i], KEYS[i + 1], KEYS[1] }) do redis.call('PEXPIRE', key, ttl) end
    out[#out + 1] = 'ok'
  end
end
return out`;

/**
 * KEYS: session, index of its owner, index of the new one, counter. ARGV: owner, epoch that is expected (`*`: any), the new
 * owner, born, wall clock, most milliseconds between two signs of life, time to live. Who has it already gets it again, with a
 * write: replicas are waited for only by a connection that has written.
 */
const TAKE = `
local had = redis.call('HMGET', KEYS[1], '@owner', '@epoch', '@since', '@at')
if not had[1] then
  redis.call('ZREM', KEYS[2], ARGV[4])
  return false
end
local again = had[1] == ARGV[3] and ARGV[2] ~= '*' and had[2] == string.format('%d', tonumber(ARGV[2]) + 1)
if not again then
  if had[1] ~= ARGV[1] or (ARGV[2] ~= '*' and had[2] ~= ARGV[2]) then return false end
  local since = had[3]
  if since == '' then
    since = string.format('%.0f', math.min(tonumber(ARGV[5]), tonumber(had[4]) + tonumber(ARGV[6])))
  end
  redis.call('HSET', KEYS[1], '@owner', ARGV[3], '@epoch', string.format('%d', tonumber(had[2]) + 1), '@n', '0',
    '@since', since, '@at', ARGV[5])
  if ARGV[1] ~= ARGV[3] then
    redis.call('ZREM', KEYS[2], ARGV[4])
    redis.call('ZADD', KEYS[3], redis.call('INCR', KEYS[4]), ARGV[4])
  end
  redis.call('PEXPIRE', KEYS[3], ARGV[7])
end
redis.call('PEXPIRE', KEYS[1], ARGV[7])
return redis.call('HGETALL', KEYS[1])`;

/** KEYS: session. ARGV: owner, epoch, field of the note, what is noted: who repeats it finds its own, and writes it again as above. */
const BEGIN = `
local had = redis.call('HMGET', KEYS[1], '@owner', '@epoch', ARGV[3])
if not had[1] then return 'gone' end
if had[1] ~= ARGV[1] or had[2] ~= ARGV[2] then return 'moved' end
if had[3] and had[3] ~= ARGV[4] then return 'begun' end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
return 'ok'`;

/** KEYS: name. ARGV: prefix of sessions, tenant (empty: all), most that are answered. */
const FIND = `
local all = redis.call('HGETALL', KEYS[1])
local out = {}
for i = 1, #all, 2 do
  if (ARGV[2] == '' or ARGV[2] == all[i]) and #out < tonumber(ARGV[3]) then
    local one = redis.call('HMGET', ARGV[1] .. all[i + 1], '@owner', '@epoch', '@tenant', '@key', '@id', '@since', '@at',
      'i:session')
    if one[1] and one[8] then
      one[9] = all[i + 1]
      out[#out + 1] = one
    end
  end
end
return out`;

/** KEYS: index of an owner. What it has, those first that were first there. */
const MINE = `return redis.call('ZRANGE', KEYS[1], 0, -1)`;

/**
 * A server without memory refuses a script before it begins, unless that is allowed to run all the same: those that make
 * room, or hardly take any, are.
 */
export const SCRIPTS: Readonly<Record<ScriptName, Script>> = {
  save: scriptOf('', SAVE),
  save_less: scriptOf('allow-oom', SAVE),
  drop: scriptOf('allow-oom', DROP),
  renew: scriptOf('allow-oom', RENEW),
  take: scriptOf('allow-oom', TAKE),
  begin: scriptOf('allow-oom', BEGIN),
  find: scriptOf('no-writes', FIND),
  mine: scriptOf('no-writes', MINE),
};
