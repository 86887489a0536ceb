-- unique: a key that stands for at most one job at a time. `uniques` knows the key of a job for as
-- long as the queue knows the job, so that one that runs again takes its key again. Keys that have
-- only a lifetime of their own aren't in it.
--
-- The key's value is the id of its job; of a debounce then the ms until which it waits at the
-- longest; and if another job runs after that one: `<id> <latest or -> <due> <successor>`. The
-- successor is *parked*: it stands in `delayed` beyond all times, and the key's value knows when it is
-- due. Whatever frees the key lets it go.

-- The score of a parked job in `delayed`: no due time is as late.
local UNIQUE_PARKED = '281474976710657'

-- Claims a key by a rule: its lifetime in ms, or 0 for as long as the job hasn't ended; and 'u' if the
-- job's end frees it before its lifetime does. `latest` is a debounce's, or nil.
local function unique_claim(q, id, key, rule, latest)
  if key == '' then
    return
  end
  local lifetime, ends = string.match(rule, '^(%d+)(u?)')
  local value = latest and id .. ' ' .. string.format('%.0f', latest) or id
  if lifetime == '0' then
    redis.call('SET', q.base .. 'unique:' .. key, value)
  else
    redis.call('SET', q.base .. 'unique:' .. key, value, 'PX', lifetime)
  end
  if lifetime == '0' or ends == 'u' then redis.call('HSET', q.uniques, id, key) end
end

-- The job that has a key, from the key's value.
local function unique_holder(value)
  return value and string.match(value, '^%S+')
end

-- The job that has a key has ended: its successor takes the key, if there is one, and may run.
local function unique_pass_on(base, name, value)
  local latest, due, successor = string.match(value, '^%S+ (%S+) (%d+) (%S+)$')
  -- One that is about to be removed as well is in `uniques` no more.
  if successor and redis.call('HEXISTS', base .. 'uniques', successor) == 1
    and redis.call('ZSCORE', base .. 'delayed', successor) == UNIQUE_PARKED then
    redis.call('SET', name, latest == '-' and successor or successor .. ' ' .. latest)
    redis.call('ZADD', base .. 'delayed', due, successor)
    due = math.max(due, clock_now())
    deadline_move(base, successor, UNIQUE_PARKED, due)
    tries_due(base, successor, due)
    wake_one(base .. 'wake')
  else
    redis.call('DEL', name)
  end
end

-- Frees the keys of jobs that have ended, and forgets them if the jobs are removed.
local function unique_free(uniques, base, ids, first, last, forget)
  if redis.call('EXISTS', uniques) == 0 then
    return
  end
  first, last = first or 1, last or #ids
  local keys = redis.call('HMGET', uniques, unpack(ids, first, last))
  if forget then redis.call('HDEL', uniques, unpack(ids, first, last)) end
  for i, key in ipairs(keys) do
    if key then
      local name = base .. 'unique:' .. key
      local value = redis.call('GET', name)
      if unique_holder(value) == ids[first + i - 1] then
        unique_pass_on(base, name, value)
      end
    end
  end
end
