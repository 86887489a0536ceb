-- state: where a job is.

local STATES = { 'waiting', 'delayed', 'completed', 'failed', 'cancelled' }

-- A job's state and its score there; for an active job its worker and its value in `running`; nil
-- for an unknown id. q: the four sets by name, workers, base.
local function state_of(q, id)
  for _, state in ipairs(STATES) do
    local score = redis.call('ZSCORE', key_of(q, state), id)
    if score then
      return state, score
    end
  end
  for _, worker in ipairs(redis.call('ZRANGE', q.workers, 0, -1)) do
    local value = redis.call('HGET', q.base .. 'running:' .. worker, id)
    if value then
      return 'active', worker, value
    end
  end
end

-- What users know a state as: a delayed job may wait for its children.
local function state_shown(q, id, state)
  if state == 'delayed' and redis.call('ZSCORE', q.base .. 'waiting-children', id) then
    return 'waiting-children'
  end
  return state
end

-- The refusal for a job in a wrong state.
local function state_refusal(q, id)
  local state = state_shown(q, id, (state_of(q, id)))
  if state then
    return redis.error_reply('WRONGSTATE ' .. state)
  end
  return redis.error_reply('NOTFOUND no such job')
end
