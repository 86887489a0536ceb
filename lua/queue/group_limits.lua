--- group_limits: set or forget what a group may have at once, and per time; see lib/group_limits.lua.
--
-- Jobs that are active already count for nothing; those that begin from now on do.
--
-- KEYS  1 meta     HASH  {q}:meta
--       2 waiting  ZSET  {q}:waiting
--       3 wake     LIST  {q}:wake
-- ARGV  1 base; 2 the group, '' for all that don't say otherwise; then pairs of a letter and its value, ''
--       to say nothing
-- REPLY how many groups are still held as before: they are looked at again 100,000 a call
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, wake, lanes, held, numbered, call
local function group_limits(keys, args)
  local meta, waiting, wake, base, group = keys[1], keys[2], keys[3], args[1], args[2]
  local layout = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(layout)
  if refusal then
    return refusal
  end
  -- A full Redis refuses a script whose first write may grow.
  redis.call('HDEL', meta, '')
  local limits, groups, words, list = base .. 'group_limits', base .. 'groups', {}, {}
  for letter, value in string.gmatch(redis.call('HGET', limits, group) or '', '(%a)(%S+)') do
    words[letter] = value
  end
  for i = 3, #args, 2 do
    words[args[i]] = args[i + 1] ~= '' and args[i + 1] or nil
  end
  for _, letter in ipairs({ 'p', 'a', 'r', 'o' }) do
    if words[letter] then list[#list + 1] = letter .. words[letter] end
  end
  layout_mark(meta, layout)
  if #list > 0 then
    redis.call('HSET', limits, group, table.concat(list, ' '))
    redis.call('HSET', meta, 'grouped', '2')
  else
    redis.call('HDEL', limits, group)
  end
  if group ~= '' and tonumber(redis.call('ZSCORE', groups, group) or 0) > tonumber(LANES_HELD) then
    redis.call('ZADD', groups, LANES_HELD, group)
  end
  if group == '' then held_again(base, '+inf', 100) end
  if redis.call('EXISTS', waiting) == 1 then wake_one(wake) end
  return group == '' and redis.call('ZCOUNT', groups, '(' .. LANES_HELD, '+inf') or 0
end
