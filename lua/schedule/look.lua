--- look: which schedules are due. One worker at a time looks after them; the others hear how long.
--
-- KEYS  1 schedules HASH    {q}:schedules
--       2 ticks     ZSET    {q}:ticks
--       3 fired     HASH    {q}:fired
--       4 ticking   STRING  {q}:ticking
--       5 meta      HASH    {q}:meta
-- ARGV  1 who looks   2 how many due ones to pass over   3 how many to answer at most
-- REPLY now ms; for how many ms another worker looks after them, or false; the first tick after now,
--       ms, or false; and for each that is due: its id, its tick in ms, its rule or false, its `fired`
--       or false
-- ERR   LAYOUT
-- USES  clock, layout, ticks
local function look(keys, args)
  local schedules, ticks, fired, ticking = keys[1], keys[2], keys[3], keys[4]
  local name, offset, count = args[1], tonumber(args[2]), tonumber(args[3])
  local refusal = layout_check(keys[5])
  if refusal then
    return refusal
  end
  local now = clock_now()
  local text = string.format('%.0f', now)
  local later = redis.call('ZRANGEBYSCORE', ticks, '(' .. text, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  local holder = redis.call('GET', ticking)
  if holder and holder ~= name then
    return { now, redis.call('PTTL', ticking), later[2] or false }
  end
  local due = redis.call('ZRANGEBYSCORE', ticks, '-inf', text, 'WITHSCORES', 'LIMIT', offset, count)
  local head = redis.call('ZRANGE', ticks, 0, 0, 'WITHSCORES')[2]
  if head then ticks_claim(ticking, name, head, now) end
  local reply, bytes, step = { now, false, later[2] or false }, 0, 50
  -- As many as fit into an answer of a mebibyte, about.
  for first = 1, #due / 2, step do
    if bytes > 1048576 then break end
    local ids = {}
    for i = first, math.min(first + step - 1, #due / 2) do
      ids[#ids + 1] = due[2 * i - 1]
    end
    local rules, states = redis.call('HMGET', schedules, unpack(ids)), redis.call('HMGET', fired, unpack(ids))
    for i, id in ipairs(ids) do
      local at = #reply
      reply[at + 1], reply[at + 2] = id, due[2 * (first + i - 1)]
      reply[at + 3], reply[at + 4] = rules[i], states[i]
      bytes = bytes + #(rules[i] or '')
    end
  end
  return reply
end
