--- take: what is to be relayed next, for one relay at a time.
--
-- Entries leave the outbox when they were delivered, and are always taken from its head: whoever takes
-- one has taken all that came before it.
--
-- KEYS  1 outbox  STREAM  {q}:outbox
--       2 relay   STRING  {q}:relay
--       3 meta    HASH    {q}:meta
-- ARGV  1 the relay's name   2 for how many ms it is alone   3 how many entries at most
--       4… ids of entries that were delivered
-- REPLY ms that another relay is alone for, else 0; entries: each its id, targets, job id, priority, record
-- ERR   LAYOUT
-- USES  layout
local function take(keys, args)
  local outbox, relay = keys[1], keys[2]
  local name, alone, most = args[1], args[2], args[3]
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if #args > 3 then
    redis.call('XDEL', outbox, unpack(args, 4))
  end
  local holder = redis.call('GET', relay)
  if holder and holder ~= name then
    return { math.max(1, redis.call('PTTL', relay)), {} }
  end
  local taken, bytes = {}, 0
  for _, entry in ipairs(redis.call('XRANGE', outbox, '-', '+', 'COUNT', most)) do
    local fields = entry[2]
    bytes = bytes + #fields[2] + #fields[8]
    if #taken > 0 and bytes > 1048576 then break end
    taken[#taken + 1] = { entry[1], fields[2], fields[4], fields[6], fields[8] }
  end
  if #taken > 0 then
    redis.call('SET', relay, name, 'PX', alone)
  elseif holder then
    redis.call('DEL', relay)
  end
  return { 0, taken }
end
