--- read: the details of some jobs at one moment.
--
-- KEYS  1  waiting    ZSET    {q}:waiting
--       2  delayed    ZSET    {q}:delayed
--       3  completed  ZSET    {q}:completed
--       4  failed     ZSET    {q}:failed
--       5  workers    ZSET    {q}:workers
--       6  jobs       HASH    {q}:jobs
--       7  attempts   HASH    {q}:attempts
--       8  stalls     HASH    {q}:stalls
--       9  priority   HASH    {q}:priority
--       10 progress   HASH    {q}:progress
--       11 outcomes   HASH    {q}:outcomes
-- ARGV  1 base; 2… ids, at most 100
-- REPLY of the first ids, as many as go into one answer and one at least: false, or: state; rank,
--       due ms, finished ms or worker; the value in running or false; record; attempts; stalls;
--       priority; progress; outcome; errors, newest first; the mark of one that is to be cancelled; misses of
--       one that is delayed
-- ERR   none
-- USES  key, state, read
local function read(keys, args)
  local q = {
    waiting = keys[1], delayed = keys[2], completed = keys[3], failed = keys[4],
    workers = keys[5], jobs = keys[6], attempts = keys[7], stalls = keys[8],
    priority = keys[9], progress = keys[10], outcomes = keys[11], base = args[1],
  }
  local found, bytes = {}, 0
  for i = 2, #args do
    local id = args[i]
    local state, where, value = state_of(q, id)
    local job = state and {
      state_shown(q, id, state), where, value or false,
      redis.call('HGET', q.jobs, id),
      redis.call('HGET', q.attempts, id),
      redis.call('HGET', q.stalls, id),
      redis.call('HGET', q.priority, id),
      redis.call('HGET', q.progress, id),
      redis.call('HGET', q.outcomes, id),
      redis.call('LRANGE', q.base .. 'errors:' .. id, 0, -1),
      state == 'active' and redis.call('HGET', q.base .. 'cancels', id),
      state == 'delayed' and redis.call('HGET', q.base .. 'misses', id),
    } or false
    bytes = bytes + read_size(job)
    if i > 2 and bytes > READ_BYTES then return found end
    found[i - 1] = job
  end
  return found
end
