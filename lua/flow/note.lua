--- note: how nodes of flows have ended, each once; what waited for them goes on.
--
-- KEYS  1 outbox STREAM {q}:outbox
--       2 meta   HASH   {q}:meta
-- ARGV  1 base   2… pairs of a node's job and its outcome
-- REPLY how many entries are in the outbox
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post, ticks,
--       outbox, home, flow, graph, nodes, revival, flowing
local function note(keys, args)
  local base, now = args[1], clock_now()
  local refusal = layout_check(keys[2])
  if refusal then
    return refusal
  end
  local ends, order = {}, {}
  for i = 2, #args, 2 do
    local key, node = string.match(args[i], '^([^.]*)%.(.*).$')
    if key then
      local own = ends[key]
      if not own then
        own, order[#order + 1] = {}, key
        ends[key] = own
      end
      local n = #own
      own[n + 1], own[n + 2] = node, args[i + 1]
    end
  end
  for _, key in ipairs(order) do
    local w = flow_open(base, key, now)
    -- One that has been removed needs to know nothing.
    if w then
      nodes_end(w, ends[key])
      flow_end(w)
    end
  end
  flowing_go(base, now)
  return redis.call('XLEN', keys[1])
end
