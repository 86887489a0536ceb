-- unique: a key that stands for at most one job at a time. `uniques` knows the key of a job for as
-- long as the queue knows the job, so that one that runs again takes its key again. Keys with a
-- lifetime of their own aren't in it.

-- Claims a key: for `lifetime` ms, or, if that is 0, for as long as the job hasn't ended.
local function unique_claim(q, id, key, lifetime)
  if key == '' then
    return
  elseif lifetime > 0 then
    redis.call('SET', q.base .. 'unique:' .. key, id, 'PX', lifetime)
  else
    redis.call('SET', q.base .. 'unique:' .. key, id)
    redis.call('HSET', q.uniques, id, key)
  end
end

-- Frees the keys of jobs that have ended.
local function unique_free(uniques, base, ids, first, last)
  if redis.call('EXISTS', uniques) == 0 then
    return false
  end
  first, last = first or 1, last or #ids
  local keys = redis.call('HMGET', uniques, unpack(ids, first, last))
  for i, key in ipairs(keys) do
    if key then
      local name = base .. 'unique:' .. key
      if redis.call('GET', name) == ids[first + i - 1] then
        redis.call('DEL', name)
      end
    end
  end
  return true
end

-- Frees and forgets the keys of jobs that are removed.
local function unique_release(uniques, base, ids, first, last)
  if unique_free(uniques, base, ids, first, last) then
    redis.call('HDEL', uniques, unpack(ids, first or 1, last or #ids))
  end
end
