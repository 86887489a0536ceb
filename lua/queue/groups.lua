--- groups: the groups with the most turns ahead.
--
-- KEYS  1 waiting  ZSET  {q}:waiting
--       2 meta     HASH  {q}:meta
-- ARGV  1 base; 2 how many at most, up to 1,000
-- REPLY how many waiting jobs have no group, and their weight; then for each group: its name, how many
--       of its jobs wait, about, and its weight: false for 1
-- ERR   LAYOUT
-- USES  layout, key, lanes, group_of, groups
local function groups(keys, args)
  local q = { waiting = keys[1], meta = keys[2], base = args[1] }
  local refusal = layout_check(q.meta)
  if refusal then
    return refusal
  end
  local last, below = tonumber(args[2]) - 1, string.format('(%.0f', -LANES_BELOW)
  local reply, names, turns = {
    redis.call('ZCOUNT', q.waiting, 0, '+inf'), redis.call('HGET', q.base .. 'weights', ''),
  }, {}, {}
  -- All turns before the first that a job has are over.
  local first = redis.call('ZRANGEBYSCORE', q.waiting, '-inf', below, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  local ahead = {}
  if first then ahead = redis.call('ZREVRANGE', q.base .. 'passes', 0, last, 'WITHSCORES') end
  for i = 1, #ahead, 2 do
    names[#names + 1], turns[ahead[i]] = ahead[i], ahead[i + 1] - (first + GROUPS_BELOW) / 2
  end
  for _, group in ipairs(redis.call('ZRANGE', q.base .. 'groups', 0, last)) do
    if not turns[group] then names[#names + 1] = group end
  end
  if #names == 0 then
    return reply
  end
  local weights = redis.call('HMGET', q.base .. 'weights', unpack(names))
  for i, group in ipairs(names) do
    local stride = math.floor(GROUPS_STRIDE / (weights[i] or 1))
    local waiting = redis.call('ZCARD', q.base .. 'waiting:' .. group)
      + math.max(0, math.floor((turns[group] or 0) / stride))
    if waiting > 0 then
      reply[#reply + 1], reply[#reply + 2], reply[#reply + 3] = group, waiting, weights[i]
    end
  end
  return reply
end
