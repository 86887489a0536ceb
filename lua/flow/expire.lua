--- expire: a flow whose deadline has passed ends as failed: what hasn't begun is dropped, and what runs
--- is told to end. A large one that has ended is removed when its time is up.
--
-- KEYS  1 ticks  ZSET   {q}:ticks
--       2 meta   HASH   {q}:meta
-- ARGV  1 base   2 the flow's key   3 the mark of its jobs' cancellation: see lib/cancels.lua
-- REPLY 1 if it ends now, else 0
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post, ticks,
--       outbox, home, flow, graph, nodes, revival, flowing
local function expire(keys, args)
  local base, key, now = args[1], args[2], clock_now()
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local w = flow_open(base, key, now)
  local found = w and redis.call('HMGET', w.name, 'deadline', 'until') or {}
  local gone = found[2]
  local due = gone or found[1]
  if due and tonumber(due) > now then
    -- The clock was set back.
    redis.call('ZADD', keys[1], due, 'flow ' .. key)
    ticks_note(keys[2], keys[1])
    return 0
  end
  home_forget_deadline(base, key)
  if gone then home_remove(base, key) end
  if gone or not due or w.state ~= 'running' then
    return 0
  end
  flow_cancel(w, 'late', '1', 'why', args[3])
  flow_follow(w, 'death')
  flow_say(w)
  flowing_go(base, now)
  return 1
end
