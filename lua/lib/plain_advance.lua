-- plain_advance: what most turns of small batches are, before any other helper is made: a few jobs that
-- completed, a few to fetch, nothing set or sparse, no lease that ran out. All others go on in
-- worker/advance.lua, and nothing was written for them. Whatever stands here does what stands there:
-- tests call both at random.

-- The most jobs: more take the short cuts of lib/pop.lua. And how many bytes of records fit into an
-- answer: see lib/fit.lua.
local PLAIN_ADVANCE_MOST = 15
local PLAIN_ADVANCE_FIT_MOST = 1048576

-- How many jobs completed, if that is all that is told, and no queue-wide setting has a say; else nil.
local function plain_advance_is(args, meta)
  local blocks, n, at = args[8], 0, 9
  if blocks == '1' then
    n, at = tonumber(args[12]), 13
    at = at + (args[10] == '0' and n or 2 * n)
    local pool = string.match(args[9], '^completed ?(.*)$')
    if n == 0 or pool == nil or args[10] ~= '0' and (meta[15] or '=') ~= '=' .. pool then return nil end
  elseif blocks ~= '0' then
    return nil
  end
  local more = tonumber(args[5])
  if n > PLAIN_ADVANCE_MOST or not more or more > PLAIN_ADVANCE_MOST or args[6] ~= '0'
    or args[at] ~= '0' or args[at + 1] ~= '0' or args[at + 3] ~= '0' or args[at + 4]
    or string.byte(args[4]) == 43 or meta[1] ~= '2' or meta[4] or meta[6] or meta[7] or meta[9]
    or meta[10] or meta[13] or meta[18] or meta[20] or meta[21]
    or meta[14] and meta[14] * PLAIN_ADVANCE_MOST > PLAIN_ADVANCE_FIT_MOST then
    return nil
  end
  return n
end

-- The time, and the oldest lease of another worker, if no lease ran out, none is too far
-- ahead, the worker is in step, and no job of the queue has a sparse column; else nothing.
local function plain_advance_look(keys, args, meta, leases)
  local worker, base, time = args[2], args[1], redis.call('TIME')
  local exact = time[1] * 1000 + time[2] / 1000
  local now, lease = math.floor(exact), tonumber(args[3])
  local mine = leases[1] == worker
  local own = mine and leases[2] or leases[3] == worker and leases[4]
    or redis.call('ZSCORE', keys[4], worker)
  local other = tonumber(leases[mine and 4 or 2] or nil)
  other = other and math.floor(other)
  if not own or math.floor(own) - now - lease > lease / 2 or other and other < now
    or meta[5] and tonumber(meta[5]) > now
    or redis.call('HLEN', keys[5]) ~= tonumber(args[4])
    or redis.call('EXISTS', keys[3], base .. 'outbox', keys[12], keys[6], keys[7], keys[8], keys[9],
      keys[10], keys[11], base .. 'lanes', base .. 'pools', base .. 'tags', base .. 'group_of') ~= 0 then
    return nil
  end
  return exact, other
end

-- Removes kept jobs beyond a number and an age, 1,000 at most by each.
local function plain_advance_trim(keys, count, age, now)
  for bound = 1, 2 do
    local old = {}
    if bound == 1 and age >= 0 then
      old = redis.call('ZRANGEBYSCORE', keys[14], '-inf', string.format('%.0f', now - age), 'LIMIT',
        '0', '1000')
    elseif bound == 2 and count >= 0 then
      local excess = redis.call('ZCARD', keys[14]) - count
      if excess > 0 then old = redis.call('ZRANGE', keys[14], '0', math.min(excess, 1000) - 1) end
    end
    if #old > 0 then
      redis.call('ZREMRANGEBYRANK', keys[14], '0', #old - 1)
      redis.call('HDEL', keys[13], unpack(old))
      redis.call('HDEL', keys[1], unpack(old))
    end
  end
end

-- Jobs have completed. They leave `running` last.
local function plain_advance_end(keys, args, n, now, kept)
  local ids, last, keeps = args, 12 + n, args[10] ~= '0'
  local first, running = 13, keys[5]
  if keeps then
    local members, ended = {}, string.format('%.0f', now)
    ids, first, last = {}, 1, n
    for i = 1, n do
      local id = args[11 + 2 * i]
      ids[i], members[2 * i - 1], members[2 * i] = id, ended, id
    end
    redis.call('HDEL', running, '')
    redis.call('HSET', keys[13], unpack(args, 13, 12 + 2 * n))
    redis.call('ZADD', keys[14], unpack(members))
  end
  if n == tonumber(args[4]) then
    redis.call('DEL', running)
  else
    redis.call('HDEL', running, unpack(ids, first, last))
  end
  if not keeps then redis.call('HDEL', keys[1], unpack(ids, first, last)) end
  redis.call('HINCRBY', keys[16], 'completed', args[12])
  if kept ~= '0' then
    redis.call('XADD', keys[17], 'MAXLEN', '~', kept, '*', 'completed', table.concat(ids, ' ', first, last))
  end
  if keeps then plain_advance_trim(keys, tonumber(args[10]), tonumber(args[11]), now) end
end

-- Up to n jobs leave `waiting`: their ids as one text, and their records.
local function plain_advance_take(keys, n, now, kept)
  local marks, ids, started = redis.call('ZPOPMIN', keys[2], n), {}, string.format(':%.0f', now)
  for i = 1, #marks, 2 do
    ids[(i + 1) / 2], marks[i + 1] = marks[i], marks[i + 1] .. started
  end
  redis.call('HSET', keys[5], unpack(marks))
  local taken = table.concat(ids, ' ')
  if kept ~= '0' then
    redis.call('XADD', keys[17], 'MAXLEN', '~', kept, '*', 'active', taken)
  end
  return taken, redis.call('HMGET', keys[1], unpack(ids))
end

-- Makes a plain turn. Answers the reply, or nil if worker/advance.lua has to go on; and what meta and the
-- two oldest leases are.
local function plain_advance(keys, args)
  local meta = redis.call('HMGET', keys[16], 'layout', 'events', 'aging', 'paused', 'throttled_until',
    'active', 'rate', 'tat', 'turn', 'expiring', 'dead_letter', 'throttled_from', 'lane_wakes',
    'largest', 'completed_of', 'failed_of', 'newest', 'cancelling', 'ticks', 'ended', 'grouped',
    'pass', 'plain_pass')
  local leases = redis.call('ZRANGE', keys[4], '0', '1', 'WITHSCORES')
  local n, exact, other = plain_advance_is(args, meta), nil, nil
  if n then exact, other = plain_advance_look(keys, args, meta, leases) end
  if not exact then
    return nil, meta, leases
  end
  local now, kept, want = math.floor(exact), meta[2] or '1000', tonumber(args[5])
  if n > 0 then plain_advance_end(keys, args, n, now, kept) else redis.call('HDEL', keys[5], '') end
  local left, taken, records = redis.call('ZCARD', keys[2]), '', {}
  local m = math.min(want, left)
  if m > 0 then taken, records = plain_advance_take(keys, m, now, kept) end
  local ends = now + args[3]
  redis.call('ZADD', keys[4], string.format('%.1f', m > 0 and ends + 0.5 or ends), args[2])
  left = left - m
  -- Another worker looks now, if one has to: see lib/handover.lua.
  if (m == want and (left > 0 or other and other <= now + 5000)
      or args[4] == '0' and m > 0 and ends < now + 5000 and (not other or ends < other))
    and redis.call('EXISTS', keys[18]) == 0 then
    redis.call('LPUSH', keys[18], '1')
  end
  local more, wait = nil, math.ceil(math.min(other or ends, ends) + 1 - exact)
  if meta[11] or meta[19] then
    more = { 'dead_letter', meta[11], 'ticks', meta[19] }
    if not meta[11] then more = { 'ticks', meta[19] } elseif not meta[19] then more[3] = nil end
  end
  return { now, math.max(0, wait), left, '', taken, records, false, false, false, more and 0, more }
end
