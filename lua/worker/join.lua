--- join: become a worker under a new name, and take over the jobs held under the old one.
--
-- A worker that lost its lease, or the reply to a call, goes on under a new name. Calls that are
-- still in flight under the old name are then refused, and the worker knows again which jobs it
-- holds.
--
-- KEYS  1 workers   ZSET  {q}:workers
--       2 running   HASH  {q}:running:<worker>
--       3 former    HASH  {q}:running:<old worker>; the same as 2 where there is none
--       4 jobs      HASH  {q}:jobs
--       5 attempts  HASH  {q}:attempts
--       6 stalls    HASH  {q}:stalls
--       7 misses    HASH  {q}:misses
--       8 meta      HASH  {q}:meta
--       9 expiring  ZSET  {q}:expiring
--       10 waiting  ZSET  {q}:waiting
--       11 wake     LIST  {q}:wake
-- ARGV  1 worker   2 old worker, '' for none   3 lease ms
--       4 rate and 5 active: limits set in code, '' for none, '-' to leave it; one set at run time
--       wins
--       6… ids of the jobs that the worker believes it holds
-- REPLY held ids that are among ARGV 6…; then, of the other held ones: ids as one text, records,
--       attempts, stalls, misses; and the ids of those that were handed out as expired, as one text
-- ERR   LAYOUT, INVALID
-- USES  clock, layout, lease, wake, code_limits, details, number
local function join(keys, args)
  local workers, running, former, meta = keys[1], keys[2], keys[3], keys[8]
  local worker, old, lease = args[1], args[2], tonumber(args[3])
  local q = { jobs = keys[4], attempts = keys[5], stalls = keys[6], misses = keys[7] }
  local found = redis.call('HGET', meta, 'layout')
  local refusal = layout_refusal(found) or number_refusal('rate', args[4])
    or number_refusal('active', args[5])
  if refusal then
    return refusal
  end

  redis.call('HDEL', running, '')
  if old ~= '' then
    redis.call('ZREM', workers, old)
    if redis.call('EXISTS', former) == 1 then
      redis.call('RENAME', former, running)
    end
  end
  layout_mark(meta, found)
  lease_extend(workers, worker, clock_now() + lease)
  local rate = code_limits_set(meta, 'rate', args[4])
  local active = code_limits_set(meta, 'active', args[5])
  -- Under other limits, more may start.
  if (rate or active) and redis.call('EXISTS', keys[10]) == 1 then wake_one(keys[11]) end

  local known, kept, unknown = {}, {}, {}
  for i = 6, #args do
    known[args[i]] = true
  end
  for _, id in ipairs(redis.call('HKEYS', running)) do
    local list = known[id] and kept or unknown
    list[#list + 1] = id
  end
  local reply = { kept, table.concat(unknown, ' '), details_of(q, unknown) }
  if #unknown > 0 and redis.call('EXISTS', keys[9]) == 1 then
    local expired = {}
    for i, score in ipairs(redis.call('ZMSCORE', keys[9], unpack(unknown))) do
      if score and tonumber(score) == -1 then expired[#expired + 1] = unknown[i] end
    end
    reply[#reply + 1] = table.concat(expired, ' ')
  end
  return reply
end
