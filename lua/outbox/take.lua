--- take: the next entries to relay, for one relay at a time.
--
-- Entries leave the outbox after they were delivered, and each pass of a relay starts at the head:
-- a queue that applies an entry has applied all entries before it.
--
-- KEYS  1 outbox  STREAM  {q}:outbox
--       2 relay   STRING  {q}:relay
--       3 meta    HASH    {q}:meta
-- ARGV  1 the relay's name   2 the lifetime of its lock in ms
--       3 how many entries at most; 0 to release the lock
--       4 where to start: '-' at the head, '(' and an id after that entry
--       5… ids of entries that were delivered
-- REPLY ms left of another relay's lock, else 0; entries: each with id, targets, job id, priority,
--       record; then pairs of a field and its value, if anything goes along
-- ERR   LAYOUT
-- USES  layout, entries
local function take(keys, args)
  local outbox, relay = keys[1], keys[2]
  local name, alone, most = args[1], args[2], args[3]
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if #args > 4 then
    redis.call('XDEL', outbox, unpack(args, 5))
  end
  local holder = redis.call('GET', relay)
  if holder and holder ~= name then
    return { math.max(1, redis.call('PTTL', relay)), {} }
  end
  local taken = entries_read(outbox, args[4], tonumber(most))
  if #taken > 0 then
    redis.call('SET', relay, name, 'PX', alone)
  elseif holder then
    redis.call('DEL', relay)
  end
  return { 0, taken }
end
