-- meet: the job that a job would meet which comes back to its queue. q: jobs, completed, failed,
-- base.

-- The id itself, if a job has it that hasn't ended.
local function meet_by_id(q, id)
  if redis.call('HEXISTS', q.jobs, id) == 1 and not redis.call('ZSCORE', q.completed, id)
    and not redis.call('ZSCORE', q.failed, id)
    and not redis.call('ZSCORE', q.base .. 'cancelled', id) then
    return id
  end
end

-- The id of another job that holds the key; '' is no key.
local function meet_by_key(q, id, key)
  local holder = key ~= '' and unique_holder(redis.call('GET', q.base .. 'unique:' .. key))
  if holder and holder ~= id then
    return holder
  end
end
