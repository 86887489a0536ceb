--- oldest: the waiting jobs that have been ready for the longest time, whatever their priority.
--
-- Delayed jobs aren't ready, so they come last: first those that are due first.
--
-- KEYS  1 waiting   ZSET  {q}:waiting
--       2 delayed   ZSET  {q}:delayed
--       3 priority  HASH  {q}:priority
--       4 meta      HASH  {q}:meta
-- ARGV  1 how many, up to 100
-- REPLY ids, the oldest first
-- ERR   none
-- USES  clock, rank, lanes, key, group_of, group_since, oldest
local function oldest(keys, args)
  local delayed, most = keys[2], tonumber(args[1])
  local q = { waiting = keys[1], priority = keys[3], base = string.sub(keys[4], 1, -5) }
  local aging = redis.call('HGET', keys[4], 'aging')
  local step, found = rank_step(aging), {}
  if aging then
    -- The bands of priorities overlap, so these are the oldest of the next 1,000.
    local ids, times = oldest_heads(q, step, clock_now(), 1000)
    for i, id in ipairs(ids) do
      found[i] = { id = id, since = times[i] }
    end
  else
    -- Each priority has a band of ranks, in which the oldest come first.
    local from = '-inf'
    repeat
      local heads = redis.call('ZRANGEBYSCORE', q.waiting, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
      if heads[1] and tonumber(heads[2]) < -LANES_BELOW then
        -- Of groups, these are the oldest of the next 1,000.
        local ids, times = oldest_turns(q, 1000)
        for i, id in ipairs(ids) do
          found[#found + 1] = { id = id, since = times[i] }
        end
        from = string.format('%.0f', -LANES_BELOW)
      elseif heads[1] then
        local band = math.floor(heads[2] / step)
        from = string.format('%.0f', (band + 1) * step)
        heads = redis.call('ZRANGEBYSCORE', q.waiting, string.format('%.0f', band * step),
          '(' .. from, 'WITHSCORES', 'LIMIT', 0, most)
        for i = 1, #heads, 2 do
          found[#found + 1] = { id = heads[i], since = heads[i + 1] - band * step }
        end
      end
    until not heads[1]
  end
  table.sort(found, function(a, b)
    if a.since == b.since then return a.id < b.id end
    return a.since < b.since
  end)
  local ids = {}
  for i = 1, math.min(most, #found) do
    ids[i] = found[i].id
  end
  if #ids < most then
    for _, id in ipairs(redis.call('ZRANGE', delayed, 0, most - #ids - 1)) do
      ids[#ids + 1] = id
    end
  end
  return ids
end
