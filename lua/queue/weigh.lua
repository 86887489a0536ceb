--- weigh: set or forget the weights of groups.
--
-- The turns that their jobs have stay as they are.
--
-- KEYS  1 meta     HASH  {q}:meta
--       2 weights  HASH  {q}:weights
-- ARGV  pairs of a group, '' for all jobs without one, and its weight, '' for 1; at most 1,000
-- REPLY 1
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, numbered, call
local function weigh(keys, args)
  local meta, weights = keys[1], keys[2]
  local layout = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(layout)
  if refusal then
    return refusal
  end
  local set, forgotten = {}, {}
  for i = 1, #args, 2 do
    if args[i + 1] == '' then
      forgotten[#forgotten + 1] = args[i]
    else
      set[#set + 1], set[#set + 2] = args[i], args[i + 1]
    end
  end
  layout_mark(meta, layout)
  if #forgotten > 0 then redis.call('HDEL', weights, unpack(forgotten)) end
  if #set > 0 then redis.call('HSET', weights, unpack(set)) end
  return 1
end
