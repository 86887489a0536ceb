-- meet: the job that a job would meet which comes back to its queue. q: jobs, completed, failed,
-- base.

-- The id itself, if a job has it that hasn't ended.
local function meet_by_id(q, id)
  return unfinished(q, id) and id
end

-- The id of another job that holds the key; '' is no key.
local function meet_by_key(q, id, key)
  local holder = key ~= '' and unique_holder(redis.call('GET', q.base .. 'unique:' .. key))
  if holder and holder ~= id then
    return holder
  end
end
