--- remove: forget a flow that has ended.
--
-- One that belongs to another, or to a job, stays as long as that: its results are still to be read.
--
-- KEYS  1 flows  HASH   {q}:flows
--       2 meta   HASH   {q}:meta
-- ARGV  1 base   2 the flow's key
-- REPLY its state if that doesn't allow it; 'node' if it is a node of another flow; 'children' if a job
--       has waited for it; '' if it is gone
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  layout, ticks, home, numbered, call
local function remove(keys, args)
  local base, key = args[1], args[2]
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local found = redis.call('HMGET', home_flow(base, key), 'state', 'parent')
  local state, parent = found[1], found[2] or ''
  if state == 'running' or state == 'cancelling' then
    return state
  end
  local job, outer = string.match(parent, '^=(%S+) '), string.match(parent, '^(%w+)%.')
  if job and home_is_child(base, key, job) then
    return 'children'
  elseif outer and redis.call('EXISTS', home_flow(base, outer)) == 1 then
    return 'node'
  end
  home_remove(base, key)
  return ''
end
