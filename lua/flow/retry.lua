--- retry: a flow that has ended runs again: what didn't complete, and what is named with all after it.
--
-- KEYS  1 flows  HASH   {q}:flows
--       2 meta   HASH   {q}:meta
-- ARGV  1 base   2 the flow's key   3 what is named: see lib/revival.lua
-- REPLY 1 if it runs again, 0 if all has completed and nothing is named, -1 if there is no such flow,
--       -2 if it hasn't ended, -3 if it is a node of another, with which it runs again. The flow of a
--       job's children runs by itself
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post, ticks,
--       outbox, home, flow, graph, nodes, revival, flowing, numbered, call
local function retry(keys, args)
  local base, key, from, now = args[1], args[2], args[3], clock_now()
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local w = flow_open(base, key, now)
  if not w then
    return -1
  elseif w.state ~= 'completed' and w.state ~= 'failed' and w.state ~= 'cancelled' then
    return -2
  elseif w.parent and not string.match(w.parent, '^=') then
    return -3
  end
  local found = redis.call('HMGET', w.name, 'nodes', 'completed')
  if from == '-' and tonumber(found[1]) == tonumber(found[2] or 0) then
    return 0
  end
  flow_revive(w, from)
  flowing_go(base, now)
  return 1
end
