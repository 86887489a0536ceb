--- cancel: end a flow: what hasn't begun is dropped, and what runs is told to end.
--
-- KEYS  1 flows  HASH   {q}:flows
--       2 meta   HASH   {q}:meta
-- ARGV  1 base   2 the flow's key   3 the mark: see lib/cancels.lua
-- REPLY 1 if it ends now, 0 if it has ended, -1 if there is no such flow
-- ERR   LAYOUT
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post, ticks,
--       outbox, home, flow, graph, nodes, revival, flowing, numbered, call
local function cancel(keys, args)
  local base, now = args[1], clock_now()
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local w = flow_open(base, args[2], now)
  if not w then
    return -1
  end
  if w.state == 'running' then
    flow_cancel(w, 'why', args[3])
    flowing_go(base, now)
  end
  return (w.state == 'running' or w.state == 'cancelling') and 1 or 0
end
