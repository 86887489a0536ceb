-- plain_add: what most adds are, before any other helper is made: no resend, no id that was chosen, no
-- group, nothing special, no limit. All others go on in job/add.lua, and nothing was written for them.
-- Whatever stands here does what stands there: tests call both at random.

-- Records beyond this size are noted: see lib/size.lua.
local PLAIN_ADD_SIZE_SMALL = 1024

-- Whether a batch is plain: by its arguments, its queue and the size of its records.
local function plain_add_is(args, meta, n)
  local block = 6 + 2 * n
  if args[1] ~= '0' or args[4] == '1' or args[block] ~= '0' or args[block + 2] or meta[1] ~= '2'
    or meta[5] or meta[6] or meta[9] or meta[11] then
    return false
  end
  for i = 7, block, 2 do
    if #args[i] > PLAIN_ADD_SIZE_SMALL then return false end
  end
  return true
end

-- Writes the batch, the event first: nothing is added if a key has another type.
local function plain_add_write(keys, args, meta, n)
  local time, kept, ids = redis.call('TIME'), meta[2], args[7 + 2 * n]
  local ms = time[1] * 1000 + math.floor(time[2] / 1000)
  local rank = string.format('%.0f', 1024 * (meta[3] or 4398046511104) + ms)
  if kept ~= '0' then
    if not ids then
      ids = args[6]
      for i = 2, n do
        ids = ids .. ' ' .. args[4 + 2 * i]
      end
    end
    redis.call('XADD', keys[7], 'MAXLEN', '~', kept or '1000', '*', 'added', ids)
  end
  if n == 1 then
    redis.call('HSET', keys[1], args[6], args[7])
    redis.call('ZADD', keys[2], rank, args[6])
  else
    local ready = {}
    for i = 1, n do
      ready[2 * i - 1], ready[2 * i] = rank, args[4 + 2 * i]
    end
    redis.call('HSET', keys[1], unpack(args, 6, 5 + 2 * n))
    redis.call('ZADD', keys[2], unpack(ready))
  end
  redis.call('HINCRBY', keys[6], 'added', args[5])
  if not meta[4] and redis.call('EXISTS', keys[8]) == 0 then redis.call('LPUSH', keys[8], '1') end
end

-- Adds a plain batch. Answers the reply, or nil if job/add.lua has to go on; what meta says; and if the
-- batch can't be written, why, and what the producer's key had before.
local function plain_add(keys, args)
  local meta = redis.call('HMGET', keys[6], 'layout', 'events', 'aging', 'paused', 'max_length', 'ttl',
    'overflow', 'dead_letter', 'turn', 'largest', 'newest', 'tagged', 'grouped', 'pass')
  local producer, n = keys[9], tonumber(args[5])
  if not plain_add_is(args, meta, n) then
    return nil, meta
  end
  -- The first write, as lib/numbered.lua has it. What is refused or was carried out before goes on there.
  local last = redis.pcall('SET', producer, args[2], 'PX', args[3], 'GET')
  if last and (last.err or tonumber(string.match(last, '^%d+')) >= tonumber(args[2])) then
    if not last.err then redis.call('SET', producer, last, 'PX', args[3]) end
    return nil, meta
  end
  local written, problem = pcall(plain_add_write, keys, args, meta, n)
  if not written then
    return nil, meta, problem, last
  end
  return {}
end
