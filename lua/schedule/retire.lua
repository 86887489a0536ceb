--- retire: forget the schedules of an owner that it doesn't declare any more.
--
-- KEYS  1 schedules HASH    {q}:schedules
--       2 ticks     ZSET    {q}:ticks
--       3 fired     HASH    {q}:fired
--       4 marks     HASH    {q}:marks
--       5 owners    HASH    {q}:owners
--       6 meta      HASH    {q}:meta
-- ARGV  1 owner; 2… the ids that it declares
-- REPLY the ids that are gone
-- ERR   LAYOUT
-- USES  layout, ticks
local function retire(keys, args)
  local ticks, owners, meta = keys[2], keys[5], keys[6]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local declared, gone = {}, {}
  for i = 2, #args do
    declared[args[i]] = true
  end
  -- Only what code declares has an owner, so these are few.
  local all = redis.call('HGETALL', owners)
  for i = 1, #all, 2 do
    if all[i + 1] == args[1] and not declared[all[i]] then gone[#gone + 1] = all[i] end
  end
  for _, id in ipairs(gone) do
    redis.call('ZREM', ticks, id)
    for _, key in ipairs({ 1, 3, 4, 5 }) do
      redis.call('HDEL', keys[key], id)
    end
  end
  if #gone > 0 then ticks_note(meta, ticks) end
  return gone
end
