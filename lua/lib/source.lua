-- source: the last entry of each other queue's outbox that this queue has applied.

-- Whether an entry of a source comes after the last one that was applied.
local function source_after(entry, last)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  local last_ms, last_seq = string.match(last, '^(%d+)-(%d+)$')
  ms, seq, last_ms, last_seq = tonumber(ms), tonumber(seq), tonumber(last_ms), tonumber(last_seq)
  return ms > last_ms or (ms == last_ms and seq > last_seq)
end

-- The first of n entries that comes after the last one that was applied; n + 1 if none does. The
-- entries are every other argument from `at` on, in order.
local function source_first(args, at, n, last)
  if last == '0-0' then
    return 1
  end
  for i = 1, n do
    if source_after(args[at + 2 * (i - 1)], last) then return i end
  end
  return n + 1
end

-- The tags of the entries from `first` on, by index, from the pairs that begin at `at`.
local function source_tags(args, at, first)
  local tags = {}
  for i = at, #args, 2 do
    local index = tonumber(args[i])
    if index >= first then tags[index] = args[i + 1] end
  end
  return tags
end

-- Whether there is any of n values.
local function source_any(values, n)
  for i = 1, n do
    if values[i] then return true end
  end
  return false
end

-- The jobs may wait for this long. Answers whether they expire before all others, and before idle
-- workers look by themselves.
local function source_expire(q, ids, ttl, now)
  local key, at, expiring = q.base .. 'expiring', string.format('%.0f', now + ttl), {}
  for i, id in ipairs(ids) do
    expiring[2 * i - 1], expiring[2 * i] = at, id
  end
  local soon = ttl <= WAKE_SLEEP and redis.call('ZCOUNT', key, 0, at) == 0
  redis.call('ZADD', key, unpack(expiring))
  redis.call('HSET', q.meta, 'expiring', 1)
  return soon
end
