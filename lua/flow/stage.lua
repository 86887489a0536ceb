--- stage: write a part of a flow where nobody sees it, and start the flow with its last part.
--
-- A part that comes twice writes the same. What is staged and never started lapses, or goes when it is
-- staged anew.
--
-- KEYS  1 flows  HASH  {q}:flows
--       2 meta   HASH  {q}:meta
-- ARGV  1 base   2 the flow's key   3 ms until what is staged lapses   4 '1' for the first part
--       5 n; then n pairs of a member and its record
--       then m; then m times: a group, its text, its members, how many groups it waits for, its name
--       then, to start it: its id, and pairs of a field and its value: see lib/home.lua. One that is
--       a node of another has no id, and the field `within`: '' if that one is still staged, else its
--       key, and it begins at once
-- REPLY 0 if it is staged, 1 if the flow has started, 2 if another has its id
-- ERR   LAYOUT, LAPSED: a part is missing, FLOWENDED: the flow that is to have it as a node has ended
-- CALL  once: see lib/call.lua
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post, ticks,
--       outbox, home, flow, graph, nodes, revival, flowing, staged, numbered, call
local function stage(keys, args)
  local flows, meta, base, key = keys[1], keys[2], args[1], args[2]
  local refusal = layout_check(meta)
  if refusal then
    return refusal
  end
  local name, now = home_flow(base, key), clock_now()
  -- A part that arrives late must not make a flow lapse that runs.
  if redis.call('HEXISTS', name, 'state') == 1 then
    return 1
  end
  if args[4] == '1' then staged_clear(name) end
  refusal = staged_refusal(name, args, 5)
  if refusal then
    return refusal
  end
  local at = staged_records(name, args, 5)
  at = staged_groups(name, args, at)
  if not args[at] then
    staged_lapse(name, args[3])
    return 0
  end
  if args[at] ~= '' and staged_is_held(base, flows, args[at], key) then
    staged_lapse(name, 1)
    return 2
  end
  return staged_start(base, key, args, at, now)
end
