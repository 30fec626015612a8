import { type Script, scriptOf } from '../valkey/script.ts';

/**
 * KEYS: record, members. ARGV: 1 who asks, 2 number of the beat, 3 epoch in which it leads or 0, 4 what it takes over: `none`,
 * `free` or `any`, 5 the record that it has to be, 6 highest epoch that it heard of, 7 its workers as JSON, 8 run that it saw, 9 for
 * how long, 10 how long the members have to be known, 11 how long a member is kept, 12 how long all of it is.
 * `Meeting` of the room `flow` says the same in TypeScript, and why.
 */
const BEAT = `
local info = redis.call('INFO', 'server')
local run = string.match(info, 'run_id:(%w+)')
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)

local seen = redis.call('HMGET', KEYS[2], '@run', '@seen')
local seen_ms = tonumber(seen[2] or '0')
if seen[1] ~= run then
  redis.call('DEL', KEYS[2])
  seen_ms = 0
end
if ARGV[8] == run then seen_ms = math.max(seen_ms, tonumber(ARGV[9])) end
redis.call('HSET', KEYS[2], '@run', run, '@seen', string.format('%.0f', seen_ms),
  ':' .. ARGV[1], string.format('%.0f %s', now, ARGV[7]))
redis.call('PEXPIRE', KEYS[2], ARGV[12])

local had = redis.call('HMGET', KEYS[1], 'holder', 'epoch', 'n', 'free_in')
local function name()
  if not had[1] then return run end
  return table.concat({ run, had[2], had[3], had[1], had[4] }, ' ')
end
local epoch, leads = tonumber(had[2] or '0'), tonumber(ARGV[3])
local own = had[1] == ARGV[1]
local left = had[4] == run
local takes = ARGV[4] ~= 'none' and ARGV[5] == name() and (ARGV[4] == 'any' or left)
local put
if own or leads > epoch then put = own and epoch or leads
elseif takes then put = math.max(epoch + 1, tonumber(ARGV[6]) + 1, now) end
if put then
  had = { ARGV[1], string.format('%.0f', put), ARGV[2], '' }
  redis.call('HSET', KEYS[1], 'holder', had[1], 'epoch', had[2], 'n', had[3], 'free_in', had[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[12])
end

local out = { name(), had[1] or '', had[2] or '0', had[4] == run and '1' or '0', run, '0' }
if had[1] == ARGV[1] and leads == 0 and seen_ms >= tonumber(ARGV[10]) then
  out[6] = '1'
  local all = redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    if string.sub(all[i], 1, 1) == ':' then
      local at, workers = string.match(all[i + 1], '^(%d+) (.*)$')
      if now - tonumber(at) > tonumber(ARGV[11]) then redis.call('HDEL', KEYS[2], all[i])
      else out[#out + 1] = workers end
    end
  end
end
return out`;

/** KEYS: record. ARGV: who leads, its epoch. */
const LEAVE = `
local had = redis.call('HMGET', KEYS[1], 'holder', 'epoch')
if had[1] ~= ARGV[1] or had[2] ~= ARGV[2] then return 0 end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
redis.call('HSET', KEYS[1], 'free_in', run)
return 1`;

/** They take hardly any memory: a full server runs them all the same. */
export const CLUSTER_SCRIPTS: Readonly<Record<'beat' | 'leave', Script>> = {
  beat: scriptOf('allow-oom', BEAT),
  leave: scriptOf('allow-oom', LEAVE),
};
