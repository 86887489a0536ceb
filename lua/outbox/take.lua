--- take: the next entries to relay, for one relay at a time.
--
-- Entries leave the outbox after they were delivered. Each target gets its own in order, from the
-- head on: a queue that applies an entry has applied all entries before it.
--
-- KEYS  1 outbox  STREAM  {q}:outbox
--       2 relay   STRING  {q}:relay
--       3 meta    HASH    {q}:meta
-- ARGV  1 the relay's name   2 the lifetime of its lock in ms
--       3 how many entries to look at, at most; 0 to release the lock
--       4 the place of the first entry   5 '1' to keep the lock even if there are none
--       6 targets, a line each: entries that are for them alone are left out
--       7… ids of entries that were delivered
-- REPLY ms left of another relay's lock, else 0; entries: each with id, targets, job id, priority,
--       record; then pairs of a field and its value, if anything goes along; the id of the last
--       entry that was looked at, '' if there is none
-- ERR   LAYOUT
-- USES  clock, layout, rank, events, wake, key, state, wish, lanes, group_of, groups, post, ticks,
--       entries, hold, outbox, home, flow, graph, nodes, revival, flowing
local function take(keys, args)
  local outbox, relay = keys[1], keys[2]
  local name, alone, most = args[1], args[2], args[3]
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if #args > 6 then
    redis.call('XDEL', outbox, unpack(args, 7))
  end
  local holder = redis.call('GET', relay)
  if holder and holder ~= name then
    return { math.max(1, hold_left(relay, alone)), {}, '' }
  end
  -- What is to be done for flows writes the next entries.
  local base = string.sub(keys[3], 1, -5)
  if redis.call('EXISTS', base .. 'flowing') == 1 then flowing_go(base, clock_now()) end
  local skip = {}
  for target in string.gmatch(args[6], '%S+') do
    skip[target] = true
  end
  local taken, last = entries_read(outbox, args[4], tonumber(most), skip)
  if last ~= '' or args[5] == '1' then
    -- A full Redis refuses a script whose first write may grow; and relaying makes room.
    redis.call('PEXPIRE', relay, alone)
    if not holder then redis.call('SET', relay, name, 'PX', alone) end
  elseif holder then
    redis.call('DEL', relay)
  end
  return { 0, taken, last }
end
