--- go_on: a group goes on that has stopped, since one of its jobs has failed for good.
--
-- KEYS  1 jobs    HASH  {q}:jobs
--       2 failed  ZSET  {q}:failed
--       3 meta    HASH  {q}:meta
--       4 wake    LIST  {q}:wake
-- ARGV  1 base; 2 the group
-- REPLY how many jobs had stopped it
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, wake, lanes, numbered, call
local function go_on(keys, args)
  local jobs, failed, base, group = keys[1], keys[2], args[1], args[2]
  local active, groups, stopped = base .. 'groups:active', base .. 'groups', 0
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  for _, text in ipairs(redis.call('ZRANGEBYLEX', active, '[' .. group .. '\n', '(' .. group .. '\11',
    'LIMIT', 0, 1000)) do
    local id = string.sub(text, #group + 2)
    if redis.call('ZSCORE', failed, id) or redis.call('HEXISTS', jobs, id) == 0 then
      stopped = stopped + redis.call('ZREM', active, text)
    end
  end
  if tonumber(redis.call('ZSCORE', groups, group) or 0) == LANES_FULL then
    redis.call('ZADD', groups, LANES_HELD, group)
    wake_one(keys[4])
  end
  return stopped
end
