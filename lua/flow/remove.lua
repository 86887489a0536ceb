--- remove: forget a flow that has ended.
--
-- KEYS  1 flows  HASH   {q}:flows
--       2 meta   HASH   {q}:meta
-- ARGV  1 base   2 the flow's key
-- REPLY its state if that doesn't allow it; '' if it is gone
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, ticks, home, numbered, call
local function remove(keys, args)
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local state = redis.call('HGET', home_flow(args[1], args[2]), 'state')
  if state == 'running' or state == 'cancelling' then
    return state
  end
  home_remove(args[1], args[2])
  return ''
end
