-- unfinished: jobs that are there and haven't ended.

-- Whether a job waits or runs. Few queues have cancelled jobs, and not every script has the other two
-- sets among its keys: where they aren't in `q`, they are named here. q: jobs, base.
local function unfinished(q, id)
  if redis.call('HEXISTS', q.jobs, id) == 0 then
    return false
  end
  for _, state in ipairs({ 'completed', 'failed', 'cancelled' }) do
    if redis.call('ZSCORE', key_of(q, state), id) then return false end
  end
  return true
end
