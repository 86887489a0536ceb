--- identify: note who a worker is, for as long as it has its lease.
--
-- KEYS  1 workers     ZSET  {q}:workers
--       2 identities  HASH  {q}:identities
--       3 meta        HASH  {q}:meta
-- ARGV  1 worker   2 who it is, in MessagePack, opaque here
-- REPLY 1, or 0 if there is no such worker
-- ERR   LAYOUT
-- USES  layout, lease
local function identify(keys, args)
  local workers, identities, worker = keys[1], keys[2], args[1]
  local refusal = layout_check(keys[3])
  if refusal then
    return refusal
  end
  if not lease_held(workers, worker) then
    return 0
  end
  redis.call('HSET', identities, worker, args[2])
  return 1
end
